//! Scripts of calls whose outcomes don't depend on time.

use std::collections::BTreeMap;
use std::fmt::Display;

use futures_util::future::join_all;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use seam::outcome::CallError;
use seam::secs;
use seam_core::contract::Never;
use seam_tests::medley::{Blob, Colour, Help, Ledger, MedleyClient, MedleyError, Way};

use crate::support::once;

/// One call, or several.
#[derive(Debug, Clone)]
pub(super) enum Step {
    One(Ask),
    /// Polled in this order before any of them is awaited: their turns begin in this order.
    Together(Vec<Ask>),
}

#[derive(Debug, Clone)]
pub(super) enum Ask {
    Paint(Colour),
    Nest(Option<Option<Vec<Option<u16>>>>),
    Tally(BTreeMap<String, Vec<u32>>),
    Flip(Vec<u8>),
    Unit,
    Tuple(String, i64, char),
    Swell(u8, u32),
    Weigh(Blob),
    PanicBeside(bool),
    PanicAlone(bool),
    Slow(u8),
    /// Polled once, then dropped.
    HangAndLeave,
    Add(i64, u8),
    Sum,
    Save(u8),
    Ledger,
    Fail(Way),
    AddAndFail(i64, Way),
    Helper(Help),
    /// A call that has no time.
    Late,
}

/// What a call came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Seen {
    Colour(Told<Colour>),
    Nest(Told<Option<Option<u64>>>),
    Map(Told<BTreeMap<String, u64>>),
    Bytes(Told<Vec<u8>>),
    Unit(Told<()>),
    Tuple(Told<(char, String, i64)>),
    Number(Told<u64>),
    Small(Told<u8>),
    Sum(Told<i64>),
    Ledger(Told<Ledger>),
    Text(Told<String, MedleyError>),
    Risky(Told<u64, MedleyError>),
    RiskySum(Told<i64, MedleyError>),
    Saved(Told<(), MedleyError>),
    Left,
}

/// An outcome, and how its error reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told<T, E = Never> {
    outcome: Result<T, CallError<E>>,
    text: String,
}

fn told<T, E: Display>(outcome: Result<T, CallError<E>>) -> Told<T, E> {
    let text = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
    Told { outcome, text }
}

/// Runs a script from a clean slate.
pub(super) async fn run(client: MedleyClient, steps: Vec<Step>) -> Vec<Seen> {
    client.wipe().await.unwrap();
    let mut seen = Vec::new();
    for step in steps {
        match step {
            Step::One(ask) => seen.push(make(&client, ask).await),
            Step::Together(asks) => {
                let calls = asks.into_iter().map(|ask| make(&client, ask));
                seen.extend(join_all(calls).await);
            }
        }
    }
    seen.push(make(&client, Ask::Ledger).await);
    seen
}

async fn make(client: &MedleyClient, ask: Ask) -> Seen {
    // No outcome is to depend on how busy the machine is.
    let time = secs(100);
    match ask {
        Ask::Paint(colour) => Seen::Colour(told(client.paint(colour).deadline(time).await)),
        Ask::Nest(value) => Seen::Nest(told(client.nest(value).deadline(time).await)),
        Ask::Tally(words) => Seen::Map(told(client.tally(words).deadline(time).await)),
        Ask::Flip(bytes) => Seen::Bytes(told(client.flip(bytes).deadline(time).await)),
        Ask::Unit => Seen::Unit(told(client.unit().deadline(time).await)),
        Ask::Tuple(text, number, letter) => {
            Seen::Tuple(told(client.tuple(text, (number, letter)).deadline(time).await))
        }
        Ask::Swell(seed, size) => Seen::Bytes(told(client.swell(seed, size).deadline(time).await)),
        Ask::Weigh(blob) => Seen::Number(told(client.weigh(blob).deadline(time).await)),
        Ask::PanicBeside(later) => {
            Seen::Number(told(client.panic_beside(later).deadline(time).await))
        }
        Ask::PanicAlone(later) => {
            let seen = Seen::Risky(told(client.panic_alone(later).deadline(time).await));
            // A turn that ends well, so that no backoff adds up.
            client.add(0, 0).deadline(time).await.unwrap();
            seen
        }
        Ask::Slow(millis) => Seen::Small(told(client.slow(millis).deadline(time).await)),
        Ask::HangAndLeave => {
            let mut call = client.hang().deadline(time);
            let polled = once(&mut call).await;
            assert!(polled.is_pending(), "{polled:?}");
            Seen::Left
        }
        Ask::Add(amount, yields) => {
            Seen::Sum(told(client.add(amount, yields).deadline(time).await))
        }
        Ask::Sum => Seen::Sum(told(client.sum().deadline(time).await)),
        Ask::Save(yields) => Seen::Saved(told(client.save(yields).deadline(time).await)),
        Ask::Ledger => Seen::Ledger(told(client.ledger().deadline(time).await)),
        Ask::Fail(way) => Seen::Text(told(client.fail(way).deadline(time).await)),
        Ask::AddAndFail(amount, way) => {
            Seen::RiskySum(told(client.add_and_fail(amount, way).deadline(time).await))
        }
        Ask::Helper(help) => Seen::Risky(told(client.ask(help).deadline(time).await)),
        Ask::Late => Seen::Sum(told(client.add(1_000_000, 0).deadline(secs(0)).await)),
    }
}

/// Scripts of some eighty calls.
pub(super) fn script() -> impl Strategy<Value = Vec<Step>> {
    let together = vec(concurrent(), 2..10).prop_map(Step::Together);
    let one = prop_oneof![
        60 => concurrent(),
        1 => large(),
        2 => any::<bool>().prop_map(Ask::PanicAlone),
    ];
    vec(prop_oneof![3 => one.prop_map(Step::One), 2 => together], 20..45)
}

/// Calls whose outcomes depend on the order of admission alone.
fn concurrent() -> impl Strategy<Value = Ask> {
    prop_oneof![
        6 => colour().prop_map(Ask::Paint),
        4 => nest().prop_map(Ask::Nest),
        4 => btree_map(".{0,8}", vec(any::<u32>(), 0..4), 0..5).prop_map(Ask::Tally),
        4 => vec(any::<u8>(), 0..200).prop_map(Ask::Flip),
        2 => Just(Ask::Unit),
        4 => (".{0,20}", any::<i64>(), any::<char>()).prop_map(|(t, n, c)| Ask::Tuple(t, n, c)),
        3 => any::<bool>().prop_map(Ask::PanicBeside),
        1 => (0..4_u8).prop_map(Ask::Slow),
        3 => Just(Ask::HangAndLeave),
        12 => (-1_000..1_000_i64, 0..3_u8).prop_map(|(amount, yields)| Ask::Add(amount, yields)),
        8 => Just(Ask::Sum),
        6 => (0..3_u8).prop_map(Ask::Save),
        3 => Just(Ask::Ledger),
        5 => way().prop_map(Ask::Fail),
        5 => (-1_000..1_000_i64, way()).prop_map(|(amount, way)| Ask::AddAndFail(amount, way)),
        5 => help().prop_map(Ask::Helper),
        2 => Just(Ask::Late),
    ]
}

/// At least 256 KiB, asked for or sent.
fn large() -> impl Strategy<Value = Ask> {
    (any::<bool>(), any::<u8>(), 256 * 1024..300 * 1024_u32).prop_map(|(sent, seed, size)| {
        if sent {
            Ask::Weigh(Blob { name: "large".into(), bytes: vec![seed; size as usize] })
        } else {
            Ask::Swell(seed, size)
        }
    })
}

fn colour() -> impl Strategy<Value = Colour> {
    let share = prop_oneof![-1e9..1e9, Just(0.0), Just(f64::MAX), Just(f64::INFINITY)];
    prop_oneof![
        Just(Colour::Black),
        any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Colour::Mixed(r, g, b)),
        (".{0,12}", share).prop_map(|(colour_name, share)| Colour::Named { colour_name, share }),
        (blob(), option::of(blob()))
            .prop_map(|(one, other)| Colour::Both(Box::new(one), other.map(Box::new))),
    ]
}

fn blob() -> impl Strategy<Value = Blob> {
    (".{0,6}", vec(any::<u8>(), 0..20)).prop_map(|(name, bytes)| Blob { name, bytes })
}

fn nest() -> impl Strategy<Value = Option<Option<Vec<Option<u16>>>>> {
    option::of(option::of(vec(option::of(any::<u16>()), 0..6)))
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        Just(Way::Not),
        Just(Way::Plainly),
        (any::<u64>(), ".{0,300}").prop_map(|(code, why)| Way::WithDetails(code, why)),
        Just(Way::Unknown),
    ]
}

fn help() -> impl Strategy<Value = Help> {
    prop_oneof![Just(Help::Answer), Just(Help::Refuse), Just(Help::Panic), Just(Help::NoTime)]
}
