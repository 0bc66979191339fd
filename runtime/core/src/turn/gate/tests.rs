use super::*;

fn open() -> Gate {
    let gate = Gate::shut();
    gate.open(false);
    gate
}

#[test]
fn an_exclusive_turn_is_alone() {
    let gate = open();
    gate.enter(true, 9).unwrap();
    assert_eq!(gate.enter(false, 9), Err(Refused::Busy));
    assert_eq!(gate.enter(true, 9), Err(Refused::Busy));
    assert_eq!(gate.leave(Pass::Alone), None);
    gate.enter(false, 9).unwrap();
    gate.enter(false, 9).unwrap();
    assert_eq!(gate.enter(true, 9), Err(Refused::Busy));
}

#[test]
fn the_gate_counts_to_its_capacity() {
    let gate = open();
    gate.enter(false, 2).unwrap();
    gate.enter(false, 2).unwrap();
    assert_eq!(gate.enter(false, 2), Err(Refused::Full));
    assert_eq!(gate.enter(true, 2), Err(Refused::Full));
    gate.leave(Pass::Beside);
    gate.enter(false, 2).unwrap();
}

#[test]
fn an_observer_takes_no_room_and_is_waited_for() {
    let gate = open();
    assert!(gate.enter_as_observer());
    assert!(gate.is_observed() && !gate.enter_as_observer(), "one at a time");
    gate.enter(false, 1).unwrap();
    assert_eq!(gate.count(), 1);
    gate.leave(Pass::Beside);
    assert_eq!(gate.enter(true, 1), Err(Refused::Busy), "it would share with the observer");
    gate.form_line();
    assert!(gate.enter_from_line(true).is_none());
    assert_eq!(gate.leave_as_observer(), Some(Left { line: true, shut: false }));
    assert!(gate.enter_from_line(true).is_some());
    assert!(!gate.enter_as_observer(), "an exclusive turn is alone");
}

#[test]
fn nobody_passes_a_line() {
    let gate = open();
    gate.enter(false, 9).unwrap();
    assert_eq!(gate.form_line(), 1);
    assert_eq!(gate.enter(false, 9), Err(Refused::Busy));
    assert!(gate.enter_from_line(true).is_none(), "a shared turn is still in");
    assert_eq!(gate.leave(Pass::Beside), Some(Left { line: true, shut: false }));
    assert!(gate.enter_from_line(true).is_some());
    assert!(gate.enter_from_line(false).is_none());
    assert!(gate.leave(Pass::Alone).is_some());
    gate.end_line();
    gate.enter(true, 9).unwrap();
}

#[test]
fn a_shut_gate_waits_for_who_is_in() {
    let gate = open();
    gate.enter(false, 9).unwrap();
    assert!(gate.shut_down());
    assert!(!gate.shut_down());
    assert_eq!(gate.enter(true, 9), Err(Refused::Busy));
    assert_eq!(gate.enter(false, 9), Err(Refused::Busy));
    assert!(gate.enter_from_line(false).is_none());
    assert!(!gate.is_deserted());
    assert_eq!(gate.leave(Pass::Beside), Some(Left { line: false, shut: true }));
    assert!(gate.is_deserted());
    gate.open(true);
    assert!(gate.enter_from_line(false).is_some());
}

/// Shared turns that entered by this thread's reader counter, as many as it lets in.
fn fill(gate: &Gate, capacity: u32) -> Vec<Pass> {
    let passes: Vec<_> = std::iter::from_fn(|| gate.enter(false, capacity).ok()).collect();
    assert!(passes.iter().all(|pass| matches!(pass, Pass::Reader(_))));
    passes
}

#[test]
fn threads_that_meet_are_told_of_readers() {
    let gate = open();
    let met: Vec<_> = (0..CROWD).map(|_| gate.enter_met(9999)).collect();
    assert_eq!(met.last(), Some(&Err(Refused::Crowded)));
    assert_eq!(met.iter().filter(|met| met.is_err()).count(), 1);
    gate.enter_met(9999).unwrap();
    gate.form_line();
    gate.end_line();
    assert!((1..CROWD).all(|_| gate.enter_met(9999).is_ok()), "a line starts the count anew");
}

#[test]
fn shared_turns_enter_by_readers_and_an_exclusive_one_waits_for_them() {
    let gate = open();
    gate.open_readers(9999);
    let pass = gate.enter(false, 9999).unwrap();
    assert!(matches!(pass, Pass::Reader(_)));
    assert_eq!(gate.count(), 1);
    assert!(!gate.is_empty());
    assert!(gate.enter_as_observer(), "as beside any shared turn");
    gate.leave_as_observer();
    assert_eq!(gate.enter(true, 9999), Err(Refused::Crowded));
    assert_eq!(gate.form_line(), 1);
    assert!(gate.enter_from_line(true).is_none());
    assert_eq!(gate.enter(false, 9999), Err(Refused::Busy), "nobody passes a line");
    assert!(!gate.leave_unnoticed(pass), "the reader counter is closed, for somebody waits");
    assert_eq!(gate.leave(pass), Some(Left { line: true, shut: true }));
    assert!(gate.enter_from_line(true).is_some());
    gate.leave(Pass::Alone);
    gate.end_line();
    assert_eq!(gate.enter(false, 9999), Ok(Pass::Beside));
}

#[test]
fn an_exclusive_turn_closes_idle_readers_and_enters() {
    let gate = open();
    gate.open_readers(9999);
    let pass = gate.enter(false, 9999).unwrap();
    assert!(gate.leave_unnoticed(pass), "nobody waits");
    assert_eq!(gate.enter(true, 9999), Err(Refused::Crowded));
    gate.close_readers();
    assert_eq!(gate.enter(true, 9999), Ok(Pass::Alone));
}

#[test]
fn beside_turns_that_came_by_a_reader_others_enter_by_the_gate_and_none_alone() {
    let gate = open();
    gate.open_readers(9999);
    let pass = gate.enter(false, 9999).unwrap();
    gate.close_readers();
    assert_eq!(gate.enter(true, 9999), Err(Refused::Crowded));
    assert_eq!(gate.enter(false, 9999), Ok(Pass::Beside));
    assert_eq!(gate.count(), 2);
    gate.open_readers(9999);
    assert_eq!(gate.enter(false, 9999), Ok(Pass::Beside), "not before the last has left");
    assert_eq!(gate.enter(false, 3), Err(Refused::Full));
    gate.leave(pass);
    gate.leave(Pass::Beside);
    gate.leave(Pass::Beside);
    gate.end_line();
    assert_eq!(gate.enter(true, 9999), Ok(Pass::Alone));
}

#[test]
fn readers_let_in_no_more_than_the_mailbox_holds() {
    for (capacity, by_gate) in [(1_000, 0), (1_000, 990), (3, 0), (100_000_000, 0)] {
        let gate = open();
        for _ in 0..by_gate {
            assert_eq!(gate.enter(false, capacity), Ok(Pass::Beside));
        }
        gate.open_readers(capacity);
        let readers = gate.readers.get().unwrap();
        let entered: u32 = readers.fill();
        assert!(by_gate + entered <= capacity, "{capacity} {by_gate} {entered}");
        assert_eq!(gate.form_line(), by_gate + entered);
    }
}

#[test]
fn a_full_reader_sends_to_the_line_which_counts_all() {
    let gate = open();
    gate.open_readers(1_000);
    let passes = fill(&gate, 1_000);
    assert!(!passes.is_empty());
    assert_eq!(gate.enter(false, 1_000), Err(Refused::Busy));
    assert_eq!(gate.form_line() as usize, passes.len());
}

#[test]
fn a_shut_gate_shuts_its_readers() {
    let gate = open();
    gate.open_readers(9999);
    let pass = gate.enter(false, 9999).unwrap();
    assert!(gate.shut_down());
    assert_eq!(gate.enter(false, 9999), Err(Refused::Busy));
    assert!(!gate.is_deserted());
    assert!(!gate.enter_as_keeper());
    assert_eq!(gate.leave(pass), Some(Left { line: true, shut: true }));
    assert!(gate.is_deserted());
    assert!(gate.enter_as_keeper());
    gate.leave_as_keeper();
    gate.open(false);
    assert_eq!(gate.enter(false, 9999), Ok(Pass::Beside));
}
