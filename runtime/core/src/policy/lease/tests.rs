use super::super::support::{Chance, at};
use super::*;

/// Ticks each half second, up to and with `until`; the lease's answers but waiting.
fn tick(lease: &Lease, from: u64, until: u64) -> Vec<(u64, Advice)> {
    let ticks = (from..=until).step_by(500).map(|now| (now, lease.tick(at(now))));
    ticks.filter(|(_, advice)| !matches!(advice, Advice::Wait(_))).collect()
}

#[test]
fn it_is_held_for_ten_seconds_from_when_it_was_asked_for() {
    let lease = Lease::default();
    assert_eq!(lease.tick(at(0)), Advice::Claim);
    assert!(!lease.serves(at(0)));
    assert!(lease.granted(at(500), at(400), 7));
    assert!(lease.serves(at(500)));
    assert_eq!((lease.fence(), lease.held_until()), (7, Some(at(10_400))));
    assert_eq!(lease.tick(at(1_000)), Advice::Wait(at(3_400)));
    let advised = tick(&lease, 1_500, 10_000);
    assert_eq!(advised[0], (3_500, Advice::Renew));
    assert_eq!(advised[1], (4_500, Advice::Renew), "there was no answer");
    assert!(lease.serves(at(10_399)));
    assert!(!lease.serves(at(10_400)));
    assert_eq!(tick(&lease, 10_500, 11_000), [(10_500, Advice::Lost), (11_000, Advice::Claim)]);
}

#[test]
fn it_is_renewed_every_three_seconds() {
    let lease = Lease::default();
    lease.tick(at(0));
    lease.granted(at(0), at(0), 1);
    for beat in (3_000..60_000).step_by(3_000) {
        assert_eq!(tick(&lease, beat - 2_500, beat), [(beat, Advice::Renew)]);
        assert!(lease.renewed(at(beat + 100), at(beat), 1));
        assert_eq!(lease.held_until(), Some(at(beat + 10_000)));
        assert!(lease.serves(at(beat + 100)));
    }
}

#[test]
fn who_stood_still_serves_nothing_before_it_was_renewed() {
    let lease = Lease::default();
    lease.tick(at(0));
    lease.granted(at(0), at(0), 1);
    lease.tick(at(1_000));
    assert!(lease.serves(at(3_000)));
    // Before anybody has looked.
    assert!(!lease.serves(Moment::from_nanos(3_000_000_001)));
    assert!(!lease.renewed(at(4_000), at(900), 1), "that was asked before");
    assert!(!lease.serves(at(4_000)));
    assert_eq!(lease.tick(at(4_000)), Advice::Recheck);
    assert_eq!(tick(&lease, 4_500, 5_500), [(5_000, Advice::Recheck)]);
    assert!(!lease.serves(at(5_500)));
    assert!(lease.renewed(at(5_600), at(5_000), 1));
    assert!(lease.serves(at(5_600)));
    assert_eq!(lease.tick(at(6_000)), Advice::Wait(at(8_000)));
    // For so long that it is lost.
    assert!(!lease.serves(at(16_000)));
    assert_eq!(lease.tick(at(16_000)), Advice::Lost);
    assert!(!lease.renewed(at(16_000), at(15_999), 1), "lost is lost");
    assert!(!lease.granted(at(16_100), at(16_000), 1), "and needs another fence");
    assert!(lease.granted(at(16_100), at(16_000), 2));
    assert!(lease.serves(at(16_100)));
}

#[test]
fn an_unreachable_registry_loses_nothing_and_another_s_word_all() {
    let lease = Lease::default();
    lease.tick(at(0));
    lease.granted(at(0), at(0), 1);
    lease.failed(at(1_000));
    assert!(lease.serves(at(1_000)));
    lease.refused(at(1_500));
    assert!(!lease.serves(at(1_500)));
    assert_eq!(lease.tick(at(1_600)), Advice::Lost);
    assert_eq!(lease.tick(at(1_700)), Advice::Claim);
    assert!(!lease.granted(at(20_000), at(5_000), 9), "an answer that took too long");
    lease.tick(at(20_000));
    assert!(lease.granted(at(20_000), at(20_000), 10));
    lease.release();
    assert!(!lease.serves(at(20_000)));
    assert_eq!(lease.tick(at(20_100)), Advice::Claim, "it was given back, not lost");
}

/// What a registry knows.
#[derive(Default)]
struct Registry {
    owner: Option<usize>,
    fence: u64,
    until: u64,
}

/// A request or an answer on its way.
#[derive(Clone, Copy)]
struct Letter {
    holder: usize,
    asked: u64,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Claim,
    Renew(u64),
    Granted(u64),
    Renewed(u64),
    Refused,
}

impl Registry {
    fn answer(&mut self, now: u64, letter: Letter) -> Kind {
        if self.owner.is_some() && now >= self.until {
            self.owner = None;
        }
        match letter.kind {
            Kind::Claim if self.owner.is_none() => {
                (self.owner, self.fence) = (Some(letter.holder), self.fence + 1);
                self.until = now + 10_000;
                Kind::Granted(self.fence)
            }
            Kind::Renew(fence) if self.owner == Some(letter.holder) && self.fence == fence => {
                self.until = now + 10_000;
                Kind::Renewed(fence)
            }
            _ => Kind::Refused,
        }
    }
}

/// What a holder may do, by the plain rules: each fact with when it was, weighed anew each time.
#[derive(Default)]
struct Model {
    /// When each look at the clock was, since the grant; so many of the last as a lease can last.
    looks: Vec<u64>,
    /// When each answer of this grant was asked for: the grant's first.
    asked: Vec<u64>,
    fence: u64,
    /// It was lost, or never held.
    over: bool,
}

impl Model {
    fn serves(&self, now: u64) -> bool {
        let awake = self.looks.last().is_some_and(|look| now <= look + 2_000);
        !self.over && awake && self.proved_since_it_stood_still() && now < self.until()
    }

    /// When a look last found that the process had stood still.
    fn stood_still(&self) -> Option<u64> {
        let stalls = self.looks.windows(2).filter(|two| two[1] - two[0] > 2_000);
        stalls.map(|two| two[1]).next_back()
    }

    fn proved_since_it_stood_still(&self) -> bool {
        let proved = |still| self.asked.iter().any(|asked| *asked >= still);
        self.stood_still().is_none_or(proved)
    }

    fn until(&self) -> u64 {
        self.asked.iter().max().map_or(0, |asked| asked + 10_000)
    }

    fn look(&mut self, now: u64) {
        self.over |= now >= self.until();
        self.looks.push(now);
        if self.looks.len() > 120 {
            self.looks.drain(..60);
        }
    }

    fn granted(&mut self, now: u64, asked: u64, fence: u64) {
        self.look(now);
        if fence > self.fence && asked + 10_000 > now {
            *self = Self { looks: vec![now], asked: vec![asked], fence, over: false };
        }
    }

    fn renewed(&mut self, now: u64, asked: u64, fence: u64) {
        self.look(now);
        let old = self.stood_still().is_some_and(|still| asked < still);
        let fresh = !old || self.proved_since_it_stood_still();
        if !self.over && fence == self.fence && asked + 10_000 > now && fresh {
            self.asked.push(asked);
        }
    }
}

/// Three who want the same lease, stand still at times, and are far from the registry at others.
#[test]
fn never_two_serve_and_each_agrees_with_a_plain_model() {
    let mut chance = Chance(31);
    let mut registry = Registry::default();
    let leases: [Lease; 3] = std::array::from_fn(|_| Lease::default());
    let mut models: [Model; 3] = Default::default();
    let (mut post, mut asleep_until) = (Vec::<(u64, bool, Letter)>::new(), [0_u64; 3]);
    let (mut now, mut served, mut owners, mut last) = (0, 0, 0, 3);
    for event in 0..150_000 {
        now += chance.below(120);
        let holder = chance.below(3) as usize;
        if chance.below(400) == 0 {
            asleep_until[holder] = now + chance.below(16_000);
        }
        if !post.is_empty() && chance.below(3) == 0 {
            // Letters overtake each other, are late or lost.
            let (due, back, letter) = post.swap_remove(chance.below(post.len() as u64) as usize);
            let far = due > now || (back && asleep_until[letter.holder] > now);
            let Letter { holder, asked, kind } = letter;
            match kind {
                _ if far && chance.below(20) > 0 => post.push((due, back, letter)),
                _ if far => {}
                Kind::Claim | Kind::Renew(_) => {
                    let kind = registry.answer(now, letter);
                    post.push((now + chance.below(300), true, Letter { kind, ..letter }));
                }
                Kind::Granted(fence) => {
                    leases[holder].granted(at(now), at(asked), fence);
                    models[holder].granted(now, asked, fence);
                }
                Kind::Renewed(fence) => {
                    leases[holder].renewed(at(now), at(asked), fence);
                    models[holder].renewed(now, asked, fence);
                }
                Kind::Refused => {
                    // An old claim's refusal says nothing about a grant since.
                    if models[holder].asked.last().is_none_or(|last| asked >= *last) {
                        leases[holder].refused(at(now));
                        models[holder].look(now);
                        models[holder].over = true;
                    }
                }
            }
        } else if asleep_until[holder] <= now {
            models[holder].look(now);
            let send = match leases[holder].tick(at(now)) {
                Advice::Claim if chance.below(30) == 0 => Some(Kind::Claim),
                Advice::Renew | Advice::Recheck => Some(Kind::Renew(leases[holder].fence())),
                _ => None,
            };
            if let Some(kind) = send {
                let late = if chance.below(40) == 0 { 9_000 } else { 300 };
                post.push((now + chance.below(late), false, Letter { holder, asked: now, kind }));
            }
        }
        let serving: Vec<_> = (0..3).filter(|holder| leases[*holder].serves(at(now))).collect();
        for (holder, model) in models.iter().enumerate() {
            let expected = model.serves(now);
            assert_eq!(serving.contains(&holder), expected, "event {event}, holder {holder}");
        }
        assert!(serving.len() <= 1, "event {event}: {serving:?}");
        if let [holder] = serving[..] {
            assert_eq!(registry.owner, Some(holder), "event {event}");
            assert_eq!(registry.fence, leases[holder].fence(), "event {event}");
            assert!(now < registry.until, "event {event}");
            served += 1;
            owners += u32::from(last != holder);
            last = holder;
        }
    }
    assert!(served > 50_000 && owners > 50, "{served} {owners}");
}
