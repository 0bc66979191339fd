//! The gate's rule under every order in which threads can meet: what makes `seat.rs` sound.
//!
//! `RUSTFLAGS="--cfg seam_loom" cargo test --release -p seam-core --lib gate`
//!
//! The actor is a cell that panics when somebody writes it beside others, or reads it without
//! having seen what was written before.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::Gate;

const MANY: u32 = 9;

struct Room {
    gate: Gate,
    actor: UnsafeCell<u32>,
}

// Only in here, where loom watches every access.
#[expect(unsafe_code, reason = "loom's cell is no Sync of its own")]
unsafe impl Sync for Room {}

impl Room {
    fn open() -> Arc<Self> {
        let room = Self { gate: Gate::shut(), actor: UnsafeCell::new(0) };
        room.gate.open(false);
        Arc::new(room)
    }

    #[expect(unsafe_code, reason = "the access that loom checks")]
    fn write(&self) {
        self.actor.with_mut(|actor| unsafe { *actor += 1 });
    }

    #[expect(unsafe_code, reason = "the access that loom checks")]
    fn read(&self) -> u32 {
        self.actor.with(|actor| unsafe { *actor })
    }

    fn leave(&self, exclusive: bool) {
        if !self.gate.leave_unnoticed(exclusive) {
            self.gate.leave(exclusive);
        }
    }

    fn turn(&self, exclusive: bool) -> bool {
        if self.gate.enter(exclusive, MANY).is_err() {
            return false;
        }
        if exclusive {
            self.write();
        } else {
            self.read();
        }
        self.leave(exclusive);
        true
    }
}

/// A turn on a thread of its own, if it may enter.
fn turning(room: &Arc<Room>, exclusive: bool) -> thread::JoinHandle<bool> {
    let room = Arc::clone(room);
    thread::spawn(move || room.turn(exclusive))
}

#[test]
fn an_exclusive_turn_is_alone() {
    loom::model(|| {
        let room = Room::open();
        let others = [turning(&room, true), turning(&room, false)];
        room.turn(true);
        others.map(|other| other.join().unwrap());
        assert!(room.turn(true), "everybody has left");
    });
}

#[test]
fn the_pump_lets_in_whom_the_gate_would() {
    loom::model(|| {
        let room = Room::open();
        let other = turning(&room, true);
        room.gate.form_line();
        if room.gate.enter_from_line(false) {
            room.read();
            room.leave(false);
        }
        room.gate.end_line();
        other.join().unwrap();
        assert!(room.turn(true));
    });
}

#[test]
fn a_guest_is_beside_no_exclusive_turn() {
    loom::model(|| {
        let room = Room::open();
        let other = turning(&room, true);
        if room.gate.enter_as_guest() {
            room.read();
            room.gate.leave_as_guest();
        }
        other.join().unwrap();
        assert!(room.turn(true));
    });
}

#[test]
fn the_keeper_is_alone_behind_a_shut_gate() {
    loom::model(|| {
        let room = Room::open();
        let others = [turning(&room, true), turning(&room, false)];
        room.gate.shut_down();
        if room.gate.enter_as_keeper() {
            room.write();
            room.gate.leave_as_keeper();
            room.gate.open(false);
        }
        others.map(|other| other.join().unwrap());
    });
}

#[test]
fn who_finds_the_gate_empty_sees_what_was_done_behind_it() {
    loom::model(|| {
        let room = Room::open();
        let other = turning(&room, true);
        room.gate.shut_down();
        if room.gate.is_empty() {
            room.read();
        }
        other.join().unwrap();
    });
}
