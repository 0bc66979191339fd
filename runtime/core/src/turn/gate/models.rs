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

struct Gated {
    gate: Gate,
    /// The lock of the host's line.
    line: Mutex<()>,
    actor: UnsafeCell<u32>,
}

// Only in here, where loom watches every access.
#[expect(unsafe_code, reason = "loom's cell is no Sync of its own")]
unsafe impl Sync for Gated {}

impl Gated {
    fn open() -> Arc<Self> {
        let gated = Self { gate: Gate::shut(), line: Mutex::new(()), actor: UnsafeCell::new(0) };
        gated.gate.open(false);
        Arc::new(gated)
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
            true => gate.close_readers(),
            false => gate.open_readers(MANY),
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
fn turning(gated: &Arc<Gated>, exclusive: bool) -> thread::JoinHandle<bool> {
    let gated = Arc::clone(gated);
    thread::spawn(move || gated.turn(exclusive))
}

#[test]
fn an_exclusive_turn_is_alone() {
    long_model(|| {
        let gated = Gated::open();
        let others = [turning(&gated, true), turning(&gated, false)];
        gated.turn(true);
        for other in others {
            other.join().unwrap();
        }
        assert!(gated.turn(true), "everybody has left");
    });
}

#[test]
fn the_pump_lets_in_whom_the_gate_would() {
    loom::model(|| {
        let gated = Gated::open();
        let other = turning(&gated, true);
        gated.pump(false);
        other.join().unwrap();
        assert!(gated.turn(true));
    });
}

#[test]
fn an_observer_is_beside_no_exclusive_turn() {
    loom::model(|| {
        let gated = Gated::open();
        let other = turning(&gated, true);
        if gated.gate.enter_as_observer() {
            gated.read();
            gated.gate.leave_as_observer();
        }
        other.join().unwrap();
        assert!(gated.turn(true));
    });
}

#[test]
fn the_keeper_is_alone_behind_a_shut_gate() {
    long_model(|| {
        let gated = Gated::open();
        let others = [turning(&gated, true), turning(&gated, false)];
        gated.gate.shut_down();
        if gated.gate.enter_as_keeper() {
            gated.write();
            gated.gate.leave_as_keeper();
            gated.gate.open(false);
        }
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn who_finds_the_gate_empty_sees_what_was_done_behind_it() {
    loom::model(|| {
        let gated = Gated::open();
        let other = turning(&gated, true);
        gated.gate.shut_down();
        if gated.gate.is_empty() {
            gated.read();
        }
        other.join().unwrap();
    });
}

#[test]
fn an_exclusive_turn_is_beside_none_that_came_by_a_reader() {
    long_model(|| {
        let gated = Gated::open();
        gated.gate.open_readers(MANY);
        let others = [turning(&gated, false), turning(&gated, true)];
        for other in others {
            other.join().unwrap();
        }
        gated.pump(true);
        assert!(gated.turn(true), "everybody has left");
    });
}

#[test]
fn readers_open_beside_no_exclusive_turn() {
    loom::model(|| {
        let gated = Gated::open();
        let other = turning(&gated, true);
        gated.with_line(|gate| gate.open_readers(MANY));
        gated.turn(false);
        other.join().unwrap();
        assert!(gated.turn(true), "everybody has left");
    });
}

#[test]
fn the_pump_lets_nobody_in_alone_before_the_readers_are_deserted() {
    long_model(|| {
        let gated = Gated::open();
        gated.gate.open_readers(MANY);
        let other = turning(&gated, false);
        gated.pump(true);
        // Opened again at once: who was late finds them as open as before, or nobody alone.
        gated.with_line(|gate| gate.open_readers(MANY));
        gated.turn(false);
        other.join().unwrap();
    });
}

#[test]
fn the_keeper_is_alone_behind_shut_readers() {
    loom::model(|| {
        let gated = Gated::open();
        gated.gate.open_readers(MANY);
        let other = turning(&gated, false);
        gated.with_line(Gate::shut_down);
        if gated.gate.enter_as_keeper() {
            gated.write();
            gated.gate.leave_as_keeper();
            gated.gate.open(false);
        }
        other.join().unwrap();
    });
}

#[test]
fn who_finds_the_readers_empty_sees_what_was_done_behind_them() {
    loom::model(|| {
        let gated = Gated::open();
        gated.gate.open_readers(MANY);
        let other = turning(&gated, false);
        gated.with_line(Gate::shut_down);
        if gated.gate.is_empty() {
            gated.write();
        }
        other.join().unwrap();
    });
}
