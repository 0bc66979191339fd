use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::super::PeakEwma;
use super::super::support::{Chance, at};
use super::*;

#[derive(Debug, Clone, Copy)]
struct Fake {
    standing: Standing,
    pending: u32,
    latency: u64,
    id: u64,
}

impl Endpoint for Fake {
    fn standing(&self, _: Moment) -> Standing {
        self.standing
    }

    fn pending(&self) -> u32 {
        self.pending
    }

    fn latency(&self, _: Moment) -> u64 {
        self.latency
    }

    fn id(&self) -> u64 {
        self.id
    }
}

const KINDS: [Balance; 5] =
    [Balance::P2c, Balance::RoundRobin, Balance::Random, Balance::Least, Balance::Hash];

fn ready(count: u64) -> Vec<Fake> {
    (0..count)
        .map(|id| Fake { standing: Standing::Ready, pending: 0, latency: 1_000_000, id })
        .collect()
}

/// How often each is picked.
fn counts(balancer: &Balancer, endpoints: &[Fake], picks: usize) -> Vec<usize> {
    let (mut chance, mut counts) = (Chance(3), vec![0; endpoints.len()]);
    for _ in 0..picks {
        let picked = balancer.pick(endpoints, at(0), chance.next(), Some(chance.next()));
        counts[picked.unwrap()] += 1;
    }
    counts
}

#[test]
fn all_kinds_spread_calls_evenly_over_equals() {
    for balance in KINDS {
        let counts = counts(&Balancer::new(balance), &ready(5), 20_000);
        assert!(counts.iter().all(|n| (3_800..4_200).contains(n)), "{balance}: {counts:?}");
    }
}

#[test]
fn all_kinds_pass_by_who_is_not_good_while_another_is() {
    for balance in KINDS {
        let balancer = Balancer::new(balance);
        let mut endpoints = ready(4);
        endpoints[0].standing = Standing::Shut;
        endpoints[2].standing = Standing::Doubtful;
        let found = counts(&balancer, &endpoints, 2_000);
        assert_eq!((found[0], found[2]), (0, 0), "{balance}");
        assert!(found[1] > 900 && found[3] > 900, "{balance}: {found:?}");
        for endpoint in &mut endpoints {
            endpoint.standing = endpoint.standing.max(Standing::Doubtful);
        }
        let found = counts(&balancer, &endpoints, 3_000);
        assert_eq!(found[0], 0, "{balance}");
        assert!(found[1..].iter().all(|n| *n > 800), "{balance}: {found:?}");
        for endpoint in &mut endpoints {
            endpoint.standing = Standing::Shut;
        }
        for some in [&endpoints[..], &endpoints[..1], &[]] {
            assert_eq!(balancer.pick(some, at(0), 7, Some(7)), None, "{balance}");
        }
        assert_eq!(balancer.pick(&ready(1), at(0), 7, None), Some(0), "{balance}");
    }
}

#[test]
fn an_endpoint_that_is_to_be_tried_is_tried() {
    for balance in KINDS {
        let mut endpoints = ready(3);
        endpoints[1] = Fake { standing: Standing::Due, pending: 9, latency: 5_000_000_000, id: 1 };
        let found = counts(&Balancer::new(balance), &endpoints, 1_000);
        assert!(found[1] > 250, "{balance}: {found:?}");
    }
}

#[test]
fn the_cheaper_of_two_is_taken() {
    let mut two = ready(2);
    two[0].latency = 200_000_000;
    let p2c = Balancer::default();
    assert_eq!(counts(&p2c, &two, 100), [0, 100], "slow");
    two[1].pending = 50;
    assert_eq!(counts(&p2c, &two, 100), [100, 0], "but not as slow as a long line");
    (two[0].latency, two[1].pending) = (15_000_000, 0);
    assert!(counts(&p2c, &two, 1_000)[0] > 400, "a hiccup is none");
    two[0].pending = 1;
    assert_eq!(counts(&p2c, &two, 100), [0, 100], "then calls under way decide");
}

#[test]
fn in_turn_means_in_turn() {
    let balancer = Balancer::new(Balance::RoundRobin);
    let mut endpoints = ready(3);
    let pick = |endpoints: &[Fake]| balancer.pick(endpoints, at(0), 0, None).unwrap();
    assert_eq!([0; 6].map(|_| pick(&endpoints)), [0, 1, 2, 0, 1, 2]);
    endpoints[1].standing = Standing::Shut;
    assert_eq!([0; 4].map(|_| pick(&endpoints)), [0, 2, 0, 2]);
}

#[test]
fn a_key_moves_only_with_its_endpoint() {
    let balancer = Balancer::new(Balance::Hash);
    let mut chance = Chance(1);
    let ten = ready(10);
    let without_four: Vec<_> = ten.iter().copied().filter(|e| e.id != 4).collect();
    let mut shut_four = ten.clone();
    shut_four[4].standing = Standing::Shut;
    let mut moved = 0;
    for _ in 0..10_000 {
        let key = Some(chance.next());
        let of = |set: &[Fake]| set[balancer.pick(set, at(0), 0, key).unwrap()].id;
        let (all, left) = (of(&ten), of(&without_four));
        assert_eq!(left, of(&shut_four));
        if all == 4 {
            moved += 1;
        } else {
            assert_eq!(all, left);
        }
    }
    assert!((900..1_100).contains(&moved), "a tenth: {moved}");
    // Neighbouring keys don't go together.
    let found: std::collections::BTreeSet<_> =
        (0..100).map(|key| balancer.pick(&ten, at(0), 0, Some(key))).collect();
    assert_eq!(found.len(), 10);
}

#[test]
fn who_has_no_key_is_placed_by_two_choices() {
    let balancer = Balancer::new(Balance::Hash);
    let mut two = ready(2);
    two[0].pending = 1;
    assert!((0..100).all(|n| balancer.pick(&two, at(0), n << 31, None) == Some(1)));
}

/// The rules as they are told, over lists.
fn model(
    kind: Balance,
    all: &[Fake],
    random: u64,
    key: Option<u64>,
    turn: &mut usize,
) -> Option<usize> {
    let of = |worst: &[Standing]| -> Vec<usize> {
        (0..all.len()).filter(|at| worst.contains(&all[*at].standing)).collect()
    };
    let mut good = of(&[Standing::Ready, Standing::Due]);
    if good.is_empty() {
        good = of(&[Standing::Doubtful]);
    }
    if good.is_empty() || all.len() == 1 {
        return good.first().copied();
    }
    let (low, high) = (u128::from(random as u32), u128::from(random >> 32));
    let scaled = |bits: u128, count: usize| ((bits * count as u128) / (1 << 32)) as usize;
    let due = |at: usize| all[at].standing == Standing::Due;
    match (kind, key) {
        (Balance::RoundRobin, _) => {
            *turn += 1;
            Some(good[(*turn - 1) % good.len()])
        }
        (Balance::Random, _) => Some(good[scaled(low, good.len())]),
        (Balance::Least, _) => {
            let first = scaled(low, good.len());
            let mut order = [&good[first..], &good[..first]].concat();
            if order.iter().any(|at| due(*at)) {
                order.retain(|at| due(*at));
            }
            let least = order.iter().map(|at| all[*at].pending).min().unwrap();
            order.into_iter().find(|at| all[*at].pending == least)
        }
        (Balance::Hash, Some(key)) => {
            good.sort_by_key(|at| score(&all[*at], key));
            good.last().copied()
        }
        (Balance::P2c, _) | (Balance::Hash, None) => {
            let drawn = |mut from: Vec<usize>| {
                let one = from.remove(scaled(low, from.len()));
                (one, from[scaled(high, from.len())])
            };
            let (mut one, mut two) = drawn((0..all.len()).collect());
            let is_good = |at: usize| all[at].standing <= Standing::Due;
            if !(is_good(one) && is_good(two)) {
                if good.len() == 1 {
                    return Some(good[0]);
                }
                (one, two) = drawn(good);
            }
            if due(one) || due(two) {
                return Some(if due(one) { one } else { two });
            }
            let slow = |at: usize| all[at].latency.max(5_000_000) as f64;
            let calls = |at: usize| f64::from(all[at].pending) + 1.0;
            let ratio = slow(one) / slow(two);
            let (first, second) = match (0.25..=4.0).contains(&ratio) {
                true => (calls(one), calls(two)),
                false => (slow(one) * calls(one), slow(two) * calls(two)),
            };
            Some(if second < first { two } else { one })
        }
    }
}

#[test]
fn it_agrees_with_a_plain_model() {
    let (mut chance, balancer) = (Chance(19), Balancer::default());
    let (mut all, mut kind, mut turn) = (ready(4), Balance::P2c, 0);
    for event in 0..150_000 {
        match chance.below(10) {
            0 if chance.below(20) == 0 => {
                kind = KINDS[chance.below(5) as usize];
                balancer.set(kind);
            }
            0 if chance.below(20) == 0 => all = ready(chance.below(9)),
            0..4 if !all.is_empty() => {
                let at = chance.below(all.len() as u64) as usize;
                let standing = match chance.below(8) {
                    0..4 => Standing::Ready,
                    4 => Standing::Due,
                    5 => Standing::Doubtful,
                    _ => Standing::Shut,
                };
                let latency = 1_000_000 * chance.below(40);
                let (pending, id) = (chance.below(6) as u32, all[at].id);
                all[at] = Fake { standing, pending, latency, id };
            }
            _ => {
                let key = Some(chance.next()).filter(|key| key % 3 != 0);
                let random = chance.next();
                let told = balancer.pick(&all, at(0), random, key);
                let expected = model(kind, &all, random, key, &mut turn);
                assert_eq!(told, expected, "event {event}: {kind} of {all:?}");
            }
        }
    }
}

/// An endpoint that is called.
struct Node {
    id: u64,
    ewma: PeakEwma,
}

impl Endpoint for Node {
    fn standing(&self, _: Moment) -> Standing {
        Standing::Ready
    }

    fn pending(&self) -> u32 {
        self.ewma.pending()
    }

    fn latency(&self, now: Moment) -> u64 {
        self.ewma.latency(now)
    }

    fn id(&self) -> u64 {
        self.id
    }
}

const MS: u64 = 1_000_000;

/// Calls five endpoints every `gap` nanoseconds for ten seconds; `takes` says how long a call to one
/// takes, if it is ever answered. Returns whom each call went to, and when.
fn play(
    gap: u64,
    mut takes: impl FnMut(usize, u64, &mut Chance) -> Option<u64>,
) -> Vec<(u64, usize)> {
    let nodes: Vec<_> = (0..5).map(|id| Node { id, ewma: PeakEwma::new() }).collect();
    let (mut chance, balancer) = (Chance(23), Balancer::default());
    let (mut under_way, mut calls) = (BinaryHeap::<Reverse<(u64, usize, u64)>>::new(), Vec::new());
    let mut now = 1_000 * MS;
    while now < 11_000 * MS {
        while let Some(&Reverse((end, at, took))) = under_way.peek()
            && end <= now
        {
            nodes[at].ewma.answered(Moment::from_nanos(end), took);
            under_way.pop();
        }
        let moment = Moment::from_nanos(now);
        let at = balancer.pick(&nodes, moment, chance.next(), None).unwrap();
        nodes[at].ewma.begin(moment);
        calls.push((now - 1_000 * MS, at));
        if let Some(took) = takes(at, now - 1_000 * MS, &mut chance) {
            under_way.push(Reverse((now + took, at, took)));
        }
        now += gap;
    }
    calls
}

/// The share of calls to each, in percent, from that second on.
fn shares(calls: &[(u64, usize)], from_second: u64) -> [f64; 5] {
    let late: Vec<_> = calls.iter().filter(|call| call.0 >= from_second * 1_000 * MS).collect();
    std::array::from_fn(|at| {
        100.0 * late.iter().filter(|call| call.1 == at).count() as f64 / late.len() as f64
    })
}

/// Half a millisecond, and a hiccup now and then.
fn quick(chance: &mut Chance) -> u64 {
    let hiccup = if chance.below(300) == 0 { chance.below(17 * MS) } else { 0 };
    300_000 + chance.below(400_000) + hiccup
}

#[test]
fn equals_get_equal_shares_idle_and_busy() {
    for gap in [20 * MS, 2 * MS, 50_000] {
        let found = shares(&play(gap, |_, _, chance| Some(quick(chance))), 0);
        assert!(found.iter().all(|share| (14.0..27.0).contains(share)), "{gap}: {found:?}");
    }
}

#[test]
fn a_slow_one_gets_next_to_nothing() {
    for gap in [20 * MS, 2 * MS, 50_000] {
        let calls =
            play(gap, |at, _, chance| Some(quick(chance) + if at == 2 { 200 * MS } else { 0 }));
        assert!(calls.iter().any(|call| call.1 == 2), "it is tried");
        let found = shares(&calls, 2);
        assert!(found[2] < 1.0, "{gap}: {found:?}");
    }
}

#[test]
fn one_that_hangs_is_avoided_before_a_call_has_failed() {
    for gap in [2 * MS, 50_000] {
        let calls = play(gap, |at, now, chance| {
            Some(quick(chance)).filter(|_| at != 2 || now < 2_000 * MS)
        });
        let stuck = calls.iter().filter(|call| call.0 >= 2_000 * MS && call.1 == 2).count();
        // Those that are under way in half a millisecond, and one for each of the others' hiccups.
        assert!(stuck <= 10, "{gap}: {stuck} of {}", calls.len());
    }
}
