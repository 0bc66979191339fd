//! The gate's rule under every order in which threads can meet: what makes `seat.rs` sound.
//!
//! `RUSTFLAGS="--cfg seam_loom" cargo test --release -p seam-core --lib gate`
//!
//! The actor is a cell that panics when somebody writes it beside others, or reads it without
//! having seen what was written before.

use loom::cell::UnsafeCell;
use loom::sync::{Arc, Mutex};
use loom::thread;

use super::{Gate, Pass, Refused};

const MANY: u32 = 9;

/// Some meetings have more orders than can be tried: here each is that takes up to three
/// interruptions.
fn long_model(meeting: impl Fn() + Sync + Send + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(meeting);
}

struct Room {
    gate: Gate,
    /// The lock of the host's line.
    line: Mutex<()>,
    actor: UnsafeCell<u32>,
}

// Only in here, where loom watches every access.
#[expect(unsafe_code, reason = "loom's cell is no Sync of its own")]
unsafe impl Sync for Room {}

impl Room {
    fn open() -> Arc<Self> {
        let room = Self { gate: Gate::shut(), line: Mutex::new(()), actor: UnsafeCell::new(0) };
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

    fn leave(&self, pass: Pass) {
        if !self.gate.leave_unnoticed(pass) {
            self.gate.leave(pass);
        }
    }

    /// As the host does it.
    fn enter(&self, exclusive: bool) -> Result<Pass, Refused> {
        let entered = self.gate.enter(exclusive, MANY);
        if !matches!(entered, Err(Refused::Crowded)) {
            return entered;
        }
        self.with_line(|gate| match exclusive {
            true => gate.close_wickets(),
            false => gate.open_wickets(MANY),
        });
        self.gate.enter(exclusive, MANY)
    }

    fn turn(&self, exclusive: bool) -> bool {
        let Ok(pass) = self.enter(exclusive) else { return false };
        self.act(pass);
        true
    }

    fn act(&self, pass: Pass) {
        if pass == Pass::Alone {
            self.write();
        } else {
            self.read();
        }
        self.leave(pass);
    }

    /// As the pump does it, for one call in line.
    fn pump(&self, exclusive: bool) {
        let entered = self.with_line(|gate| {
            gate.form_line();
            gate.enter_from_line(exclusive)
        });
        if let Some(pass) = entered {
            self.act(pass);
        }
        self.with_line(Gate::end_line);
    }

    /// Does something under the lock of the host's line.
    fn with_line<T>(&self, act: impl FnOnce(&Gate) -> T) -> T {
        let _line = self.line.lock().unwrap();
        act(&self.gate)
    }
}

/// A turn on a thread of its own, if it may enter.
fn turning(room: &Arc<Room>, exclusive: bool) -> thread::JoinHandle<bool> {
    let room = Arc::clone(room);
    thread::spawn(move || room.turn(exclusive))
}

#[test]
fn an_exclusive_turn_is_alone() {
    long_model(|| {
        let room = Room::open();
        let others = [turning(&room, true), turning(&room, false)];
        room.turn(true);
        for other in others {
            other.join().unwrap();
        }
        assert!(room.turn(true), "everybody has left");
    });
}

#[test]
fn the_pump_lets_in_whom_the_gate_would() {
    loom::model(|| {
        let room = Room::open();
        let other = turning(&room, true);
        room.pump(false);
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
    long_model(|| {
        let room = Room::open();
        let others = [turning(&room, true), turning(&room, false)];
        room.gate.shut_down();
        if room.gate.enter_as_keeper() {
            room.write();
            room.gate.leave_as_keeper();
            room.gate.open(false);
        }
        for other in others {
            other.join().unwrap();
        }
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

#[test]
fn an_exclusive_turn_is_beside_none_that_came_by_a_wicket() {
    long_model(|| {
        let room = Room::open();
        room.gate.open_wickets(MANY);
        let others = [turning(&room, false), turning(&room, true)];
        for other in others {
            other.join().unwrap();
        }
        room.pump(true);
        assert!(room.turn(true), "everybody has left");
    });
}

#[test]
fn wickets_open_beside_no_exclusive_turn() {
    loom::model(|| {
        let room = Room::open();
        let other = turning(&room, true);
        room.with_line(|gate| gate.open_wickets(MANY));
        room.turn(false);
        other.join().unwrap();
        assert!(room.turn(true), "everybody has left");
    });
}

#[test]
fn the_pump_lets_nobody_in_alone_before_the_wickets_are_deserted() {
    long_model(|| {
        let room = Room::open();
        room.gate.open_wickets(MANY);
        let other = turning(&room, false);
        room.pump(true);
        // Opened again at once: who was late finds them as open as before, or nobody alone.
        room.with_line(|gate| gate.open_wickets(MANY));
        room.turn(false);
        other.join().unwrap();
    });
}

#[test]
fn the_keeper_is_alone_behind_shut_wickets() {
    loom::model(|| {
        let room = Room::open();
        room.gate.open_wickets(MANY);
        let other = turning(&room, false);
        room.with_line(Gate::shut_down);
        if room.gate.enter_as_keeper() {
            room.write();
            room.gate.leave_as_keeper();
            room.gate.open(false);
        }
        other.join().unwrap();
    });
}

#[test]
fn who_finds_the_wickets_empty_sees_what_was_done_behind_them() {
    loom::model(|| {
        let room = Room::open();
        room.gate.open_wickets(MANY);
        let other = turning(&room, false);
        room.with_line(Gate::shut_down);
        if room.gate.is_empty() {
            room.write();
        }
        other.join().unwrap();
    });
}
