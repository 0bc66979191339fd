use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;

use super::*;

const SECOND: Nanos = 1_000_000_000;

fn settings() -> Settings {
    Settings { attempts: 3, in_flight: 4, ..Settings::default() }
}

fn all(intake: &mut Intake, now: Nanos) -> Vec<Position> {
    std::iter::from_fn(|| intake.next(now)).map(|delivery| delivery.position).collect()
}

#[test]
fn events_of_a_key_run_one_after_the_other() {
    let mut intake = Intake::new(settings(), 0);
    for (position, key) in [(1, b"a"), (2, b"b"), (3, b"a"), (4, b"c")] {
        assert_eq!(intake.give(position, key), Given::Lined);
    }
    assert_eq!(all(&mut intake, 0), [1, 2, 4]);
    intake.ended(2, Ended::Handled, 0);
    intake.ended(4, Ended::Handled, 0);
    assert_eq!((all(&mut intake, 0), intake.cursor()), (vec![], 0));
    intake.ended(1, Ended::Handled, 0);
    assert_eq!((all(&mut intake, 0), intake.cursor()), (vec![3], 2));
    intake.ended(3, Ended::Handled, 0);
    assert_eq!(intake.cursor(), 4);
}

#[test]
fn who_fails_waits_and_holds_up_its_key_alone() {
    let mut intake = Intake::new(settings(), 0);
    for (position, key) in [(1, b"a"), (2, b"a"), (3, b"b")] {
        intake.give(position, key);
    }
    assert_eq!(all(&mut intake, 0), [1, 3]);
    let then = intake.ended(1, Ended::Failed, 0);
    assert_eq!(then, Then::Keep { failed: 1, pause: Duration::from_secs(1), behind: vec![2] });
    assert_eq!(intake.cursor(), 0, "not before it is kept");
    intake.kept(&[1, 2]);
    intake.ended(3, Ended::Handled, 0);
    assert_eq!(intake.cursor(), 3);
    assert_eq!(intake.give(4, b"a"), Given::Keep);
    intake.kept(&[4]);
    assert_eq!(
        (intake.cursor(), all(&mut intake, SECOND - 1), intake.due()),
        (4, vec![], Some(SECOND))
    );

    assert_eq!(intake.next(SECOND), Some(Delivery { position: 1, attempt: 2, kept: true }));
    let then = intake.ended(1, Ended::Failed, SECOND);
    assert_eq!(then, Then::Keep { failed: 2, pause: Duration::from_secs(2), behind: vec![] });
    assert_eq!(intake.next(99 * SECOND), None, "not before that is kept, too");
    intake.kept(&[1]);
    assert_eq!(all(&mut intake, 3 * SECOND), [1]);
    assert_eq!(intake.ended(1, Ended::Failed, 3 * SECOND), Then::Bury { failed: 3 });
    assert!(all(&mut intake, 99 * SECOND).is_empty(), "not before it is kept as dead");
    intake.buried(1);
    assert_eq!(all(&mut intake, 99 * SECOND), [2]);
    intake.ended(2, Ended::Handled, 99 * SECOND);
    assert_eq!(all(&mut intake, 99 * SECOND), [4]);
}

/// Whoever waits until something is due would be woken at once, again and again.
#[test]
fn what_is_due_while_all_are_busy_is_waited_for_no_more() {
    let mut intake = Intake::new(Settings { in_flight: 1, ..settings() }, 0);
    intake.give(1, b"a");
    intake.give(2, b"b");
    assert_eq!(all(&mut intake, 0), [1]);
    intake.ended(1, Ended::Failed, 0);
    intake.kept(&[1]);
    assert_eq!(all(&mut intake, 0), [2]);
    assert_eq!(intake.due(), Some(SECOND));
    assert_eq!((intake.next(2 * SECOND), intake.due()), (None, None));
    intake.ended(2, Ended::Handled, 2 * SECOND);
    assert_eq!(all(&mut intake, 2 * SECOND), [1]);
}

#[test]
fn who_did_not_run_has_failed_nothing() {
    let mut intake = Intake::new(settings(), 0);
    intake.give(1, b"a");
    for round in 0..10 {
        let delivery = intake.next(round * SECOND).unwrap();
        assert_eq!(delivery.attempt, 1);
        assert_eq!(intake.ended(1, Ended::NotRun, round * SECOND), Then::Nothing);
    }
}

#[test]
fn backoff_doubles_up_to_its_bound() {
    let pauses = [1, 2, 3, 6, 7, 8, 99].map(|failed| Settings::default().pause(failed).as_secs());
    assert_eq!(pauses, [1, 2, 4, 32, 60, 60, 60]);
}

/// What a crash leaves of a subscriber: what it has kept.
#[derive(Default)]
struct Kept {
    cursor: Position,
    handled: BTreeSet<Position>,
    waiting: BTreeMap<Position, (Key, u32, Nanos)>,
    dead: BTreeSet<Position>,
}

impl Kept {
    fn resume(&self, settings: Settings) -> Intake {
        let waiting = self.waiting.iter().map(|(position, (key, failed, due))| Waiting {
            position: *position,
            key: key.clone(),
            failed: *failed,
            due: *due,
        });
        let settled = self.handled.iter().chain(&self.dead).copied();
        Intake::resume(settings, self.cursor, settled, waiting)
    }
}

/// Random events, failures, poison and crashes: each event has one effect or is a dead letter, in the
/// order of its key, whatever happens.
#[test]
fn each_event_has_one_effect_or_is_a_dead_letter() {
    for seed in 0..12 {
        let mut random = Rng::with_seed(seed);
        let total = 2_000;
        let keys: Vec<u8> = (0..=total).map(|_| random.u8(..20)).collect();
        let poison: BTreeSet<Position> = (1..=total).filter(|_| random.u8(..10) == 0).collect();
        let settings = Settings { in_flight: random.u32(1..=16), ..settings() };
        let mut kept = Kept::default();
        let mut intake = kept.resume(settings);
        let mut running = Vec::new();
        let mut effects: Vec<Position> = Vec::new();
        let mut now = 0;
        while effects.len() + kept.dead.len() < total as usize {
            now += random.u64(..SECOND / 4);
            if random.u32(..400) == 0 {
                running.clear();
                intake = kept.resume(settings);
            }
            if let Some((from, most)) = intake.wants() {
                let upto = total.min(from + random.usize(..=most) as u64);
                for position in from..=upto.min(from + most as u64 - 1) {
                    let key = [keys[position as usize]];
                    if intake.give(position, &key) == Given::Keep {
                        kept.waiting.insert(position, (key.into(), 0, now));
                        intake.kept(&[position]);
                    }
                }
            }
            while let Some(delivery) = intake.next(now) {
                assert!(running.len() < settings.in_flight as usize);
                running.push(delivery);
            }
            if running.is_empty() {
                now = now.max(intake.due().unwrap_or(now));
                continue;
            }
            let Delivery { position, .. } = running.swap_remove(random.usize(..running.len()));
            let how = match random.u32(..20) {
                _ if poison.contains(&position) => Ended::Failed,
                0 => Ended::NotRun,
                _ => Ended::Handled,
            };
            if how == Ended::Handled {
                // In the handler's own transaction.
                effects.push(position);
                kept.handled.insert(position);
                kept.waiting.remove(&position);
                if random.u32(..50) == 0 {
                    continue; // The crash comes before anybody is told.
                }
            }
            match intake.ended(position, how, now) {
                Then::Nothing => {}
                Then::Keep { failed, pause, behind } => {
                    let key = |position: Position| -> Key { [keys[position as usize]].into() };
                    kept.waiting.insert(position, (key(position), failed, now + nanos(pause)));
                    for other in &behind {
                        kept.waiting.insert(*other, (key(*other), 0, now));
                    }
                    intake.kept(&[&[position], &behind[..]].concat());
                }
                Then::Bury { failed } => {
                    assert_eq!(failed, settings.attempts);
                    kept.waiting.remove(&position);
                    kept.dead.insert(position);
                    intake.buried(position);
                }
            }
            if random.u32(..30) == 0 {
                kept.cursor = intake.cursor();
                kept.handled = kept.handled.split_off(&(kept.cursor + 1));
            }
        }
        assert_eq!(kept.dead, poison, "seed {seed}");
        let mut last = BTreeMap::new();
        for position in &effects {
            let before = last.insert(keys[*position as usize], *position);
            assert!(before.is_none_or(|before| before < *position), "seed {seed}: order of a key");
        }
        assert_eq!(effects.len() + poison.len(), total as usize, "seed {seed}: one effect each");
    }
}
