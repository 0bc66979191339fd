use super::*;
use crate::support::{at, entry};

const LEASE: u64 = 10;

fn view(expiry: Expiry) -> View {
    View::new(Settings::default(), expiry)
}

/// Looks at the clock every second, as a process does that is awake.
fn wait(view: &mut View, from: u64, to: u64) -> Vec<(u64, u16)> {
    let tick = |second| (second, view.tick(at(second)).removed);
    let gone = (from..=to).map(tick).flat_map(|(second, removed)| {
        removed.into_iter().map(move |entry| (second, entry.instance))
    });
    gone.collect()
}

#[test]
fn who_comes_changes_and_leaves_is_told_once() {
    let mut view = view(Expiry::Engine);
    assert!(!view.is_fresh());
    let all = view.told(at(0), News::All(vec![entry(0, 1)]));
    assert_eq!(all, Changes { added: vec![entry(0, 1)], ..Changes::default() });
    assert!(view.is_fresh());
    let again = view.told(at(0), News::Put(entry(0, 1)));
    assert!(again.is_empty(), "it is known: {again:?}");
    let restarted = view.told(at(1), News::Put(entry(0, 2)));
    assert_eq!(restarted, Changes { updated: vec![entry(0, 2)], ..Changes::default() });
    let left = view.told(at(1), News::Gone(entry(0, 2).place()));
    assert_eq!(left, Changes { removed: vec![entry(0, 2)], ..Changes::default() });
    assert!(view.told(at(1), News::Gone(entry(0, 2).place())).is_empty());
    assert_eq!(view.entries().count(), 0);
}

#[test]
fn a_lease_runs_out_where_watchers_look_after_it() {
    let mut watchers = view(Expiry::Watchers);
    watchers.told(at(0), News::All(vec![entry(0, 1), entry(1, 1)]));
    assert_eq!(wait(&mut watchers, 1, 6), []);
    watchers.told(at(6), News::Put(entry(1, 1)));
    assert_eq!(wait(&mut watchers, 7, 20), [(LEASE, 0), (6 + LEASE, 1)]);

    let mut engine = view(Expiry::Engine);
    engine.told(at(0), News::All(vec![entry(0, 1)]));
    assert_eq!((wait(&mut engine, 1, 60), engine.next()), (vec![], Moment::NEVER));
}

#[test]
fn while_the_registry_is_away_nobody_expires_and_then_everybody_has_a_lease_again() {
    let mut view = view(Expiry::Watchers);
    view.told(at(0), News::All(vec![entry(0, 1), entry(1, 1)]));
    view.away();
    assert!(!view.is_fresh());
    assert_eq!((wait(&mut view, 1, 300), view.next()), (vec![], Moment::NEVER));
    assert_eq!(view.entries().count(), 2, "nothing known is forgotten");
    assert!(view.told(at(300), News::All(vec![entry(0, 1), entry(1, 1)])).is_empty());
    assert_eq!(wait(&mut view, 301, 309), []);
    view.told(at(309), News::Put(entry(1, 1)));
    assert_eq!(wait(&mut view, 310, 318), [(300 + LEASE, 0)]);
}

#[test]
fn what_the_registry_has_forgotten_has_a_lease_to_register_anew() {
    for expiry in [Expiry::Engine, Expiry::Watchers] {
        let mut view = view(expiry);
        view.told(at(0), News::All(vec![entry(0, 1), entry(1, 1)]));
        view.away();
        assert!(view.told(at(1), News::All(vec![])).is_empty(), "it was restarted");
        assert!(view.told(at(3), News::Put(entry(0, 1))).is_empty(), "it is back");
        assert_eq!(wait(&mut view, 4, 12), [(1 + LEASE, 1)], "{expiry:?}");
    }
}

#[test]
fn whom_a_registry_takes_for_dead_that_was_away_has_a_lease_to_register_anew() {
    let mut view = view(Expiry::Engine);
    view.told(at(0), News::All(vec![entry(0, 1), entry(1, 1)]));
    view.away();
    view.told(at(60), News::All(vec![entry(0, 1), entry(1, 1)]));
    for instance in [0, 1] {
        assert!(view.told(at(61), News::Gone(entry(instance, 1).place())).is_empty());
    }
    assert!(view.told(at(62), News::Put(entry(0, 1))).is_empty());
    assert_eq!(wait(&mut view, 63, 80), [(61 + LEASE, 1)]);
    let left = view.told(at(81), News::Gone(entry(0, 1).place()));
    assert_eq!(left.removed, [entry(0, 1)], "it has settled by then");
}

#[test]
fn who_stood_still_takes_nobody_for_dead() {
    let mut view = view(Expiry::Watchers);
    view.told(at(0), News::All(vec![entry(0, 1)]));
    assert!(view.tick(at(50)).is_empty(), "what was renewed meanwhile it may not have seen yet");
    assert_eq!(wait(&mut view, 51, 70), [(50 + LEASE, 0)]);
}
