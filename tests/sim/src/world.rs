//! What is known of a run by somebody who sees all of it: which calls were made and what came of
//! them, which turns ran where, who owns the ledger, what befalls whom. Nothing that runs asks it.

use std::cell::RefCell;
use std::fmt::{self, Write};

use seam_core::outcome::CallError;

use crate::run::Plant;

thread_local! {
    static WORLD: RefCell<World> = RefCell::default();
}

/// The run that is on this thread.
pub(crate) fn with<R>(look: impl FnOnce(&mut World) -> R) -> R {
    WORLD.with_borrow_mut(look)
}

/// As [`with`], for what is dropped: with the thread, the world may be gone first.
fn at_an_end(note: impl FnOnce(&mut World)) {
    let _ = WORLD.try_with(|world| {
        if let Ok(mut world) = world.try_borrow_mut() {
            note(&mut world);
        }
    });
}

/// Milliseconds since the run began.
pub(crate) type Millis = u64;

/// A process, and how often it had been started by then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) host: usize,
    pub(crate) launch: u32,
}

/// What is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Append,
    Put,
    Read,
    Price,
    Stamp,
    Fail,
    Order,
}

impl Kind {
    pub(crate) const fn is_idempotent(self) -> bool {
        matches!(self, Self::Put | Self::Read | Self::Price)
    }

    /// Whether an answer means that the call is noted on disk.
    pub(crate) const fn is_noted(self) -> bool {
        matches!(self, Self::Append | Self::Put)
    }

    pub(crate) const fn is_of_ledger(self) -> bool {
        matches!(self, Self::Append | Self::Put | Self::Read)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Append => "ledger.append",
            Self::Put => "ledger.put",
            Self::Read => "ledger.read",
            Self::Price => "quote.price",
            Self::Stamp => "quote.stamp",
            Self::Fail => "quote.fail",
            Self::Order => "desk.order",
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Answered(u64),
    Refused,
    NotExecuted(&'static str),
    Unknown(&'static str),
}

impl End {
    pub(crate) fn of<E>(came: &Result<u64, CallError<E>>) -> Self {
        match came {
            Ok(answer) => Self::Answered(*answer),
            Err(CallError::Service(_)) => Self::Refused,
            Err(CallError::NotExecuted(why)) => Self::NotExecuted(why.code().as_str()),
            Err(CallError::Unknown(why)) => Self::Unknown(why.code().as_str()),
        }
    }

    /// How it is counted.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Answered(_) => "answered",
            Self::Refused => "service error",
            Self::NotExecuted(_) => "not executed",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self {
            Self::NotExecuted(code) | Self::Unknown(code) => write!(f, " ({code})"),
            _ => Ok(()),
        }
    }
}

/// Where a call is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// In a lane of its caller, one after the other.
    Lane(u64),
    /// With others at the same time.
    Burst,
    /// To see whether all is answered again.
    Probe,
    /// In the turn of another call.
    Turn(u64),
}

/// A call, as its caller knows it.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) by: Place,
    pub(crate) kind: Kind,
    pub(crate) at: Millis,
    pub(crate) within: Within,
    /// How long it may take, where its caller said so.
    pub(crate) deadline: Option<Millis>,
    pub(crate) ended: Option<(Millis, End)>,
}

/// A turn, as its actor knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Turn {
    pub(crate) call: u64,
    pub(crate) place: Place,
    pub(crate) began: Millis,
    pub(crate) ended: Option<Millis>,
}

/// A time in which something befalls somebody.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) from: Millis,
    pub(crate) until: Millis,
    /// The process that stands still, if one does.
    pub(crate) still: Option<usize>,
    /// Whether what is sent meanwhile may come late: nobody can know then how old it is.
    pub(crate) late: bool,
}

impl Window {
    /// How much of a time is within it.
    pub(crate) fn overlap(&self, from: Millis, until: Millis) -> Millis {
        self.until.min(until).saturating_sub(self.from.max(from))
    }
}

/// A run, seen from outside.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) now: Millis,
    /// What is done wrong on purpose.
    pub(crate) plant: Option<Plant>,
    /// What happened, line by line, if somebody wants to read it.
    pub(crate) trace: Option<String>,
    pub(crate) names: Vec<String>,
    /// The start of each process that lives now; 0 for one that is gone.
    pub(crate) launches: Vec<u32>,
    pub(crate) calls: Vec<Made>,
    pub(crate) turns: Vec<Turn>,
    /// Whoever has the ledger's database.
    pub(crate) owner: Option<Place>,
    pub(crate) takeovers: u64,
    pub(crate) windows: Vec<Window>,
    /// Calls that were made at the same time by one caller, in their order.
    pub(crate) bursts: Vec<Vec<u64>>,
    pub(crate) violations: Vec<String>,
    pub(crate) faults: u64,
    /// Callers make no more calls of their own accord.
    pub(crate) load_over: bool,
    /// Nothing befalls anybody any more: callers see whether all is answered.
    pub(crate) healed: bool,
    /// Callers that have been answered everything since.
    pub(crate) content: Vec<usize>,
    /// What callers wait for that aren't.
    pub(crate) missing: Vec<(usize, String)>,
}

impl World {
    /// Adds a line to what happened.
    pub(crate) fn tell(&mut self, what: fmt::Arguments<'_>) {
        if let Some(trace) = &mut self.trace {
            let (secs, millis) = (self.now / 1_000, self.now % 1_000);
            let _ = writeln!(trace, "{secs:3}.{millis:03}  {what}");
        }
    }

    /// Something didn't hold.
    pub(crate) fn violated(&mut self, what: String) {
        self.tell(format_args!("VIOLATED  {what}"));
        self.violations.push(format!("at {} ms: {what}", self.now));
    }

    fn name(&self, place: Place) -> String {
        let name = self.names.get(place.host).map_or("?", String::as_str);
        format!("{name}#{}", place.launch)
    }

    /// A process begins to run the ledger.
    fn owns(&mut self, place: Place) {
        let name = self.name(place);
        self.tell(format_args!("{name:12} owns the ledger"));
        match self.owner.replace(place) {
            Some(other) if other != place => {
                let other = self.name(other);
                self.violated(format!("{name} owns the ledger, and so does {other}"));
            }
            Some(_) => {}
            None => self.takeovers += 1,
        }
    }

    /// It doesn't any more.
    fn owns_no_more(&mut self, place: Place) {
        if self.owner == Some(place) {
            self.owner = None;
            let name = self.name(place);
            self.tell(format_args!("{name:12} lets the ledger go"));
        }
    }

    /// A process is there.
    pub(crate) fn started(&mut self, place: Place) {
        self.launches[place.host] = place.launch;
        let name = self.name(place);
        self.tell(format_args!("{name:12} starts"));
    }

    /// A process is gone.
    pub(crate) fn gone(&mut self, host: usize) {
        self.launches[host] = 0;
        if let Some(owner) = self.owner.filter(|owner| owner.host == host) {
            self.owns_no_more(owner);
        }
    }

    /// A call of this kind, by its number.
    pub(crate) fn call(&self, call: u64) -> Option<&Made> {
        self.calls.get(usize::try_from(call).ok()?)
    }
}

/// A call is made; returns its number.
pub(crate) fn made(by: Place, kind: Kind, within: Within, deadline: Option<Millis>) -> u64 {
    with(|world| {
        let call = world.calls.len() as u64;
        let at = world.now;
        world.calls.push(Made { by, kind, at, within, deadline, ended: None });
        let (name, kind) = (world.name(by), kind.name());
        match (within, deadline) {
            (Within::Turn(of), _) => world.tell(format_args!("{name:12} {call:5} {kind} for {of}")),
            (_, Some(millis)) => {
                world.tell(format_args!("{name:12} {call:5} {kind} within {millis} ms"));
            }
            (_, None) => world.tell(format_args!("{name:12} {call:5} {kind}")),
        }
        call
    })
}

/// A call is over.
pub(crate) fn ended(call: u64, end: End) {
    with(|world| {
        let now = world.now;
        let Some(made) = world.calls.get_mut(call as usize) else { return };
        made.ended = Some((now, end));
        let (by, took) = (made.by, now - made.at);
        let name = world.name(by);
        world.tell(format_args!("{name:12} {call:5} {end} after {took} ms"));
    });
}

/// A turn that runs until this is dropped.
pub(crate) struct Running(usize);

/// A turn begins.
pub(crate) fn turn(call: u64, kind: Kind, place: Place) -> Running {
    with(|world| {
        let name = world.name(place);
        world.tell(format_args!("{name:12} {call:5} runs"));
        if kind.is_of_ledger() {
            let elsewhere = |turn: &&Turn| turn.ended.is_none() && turn.place != place;
            let of_ledger =
                |turn: &&Turn| world.call(turn.call).is_some_and(|made| made.kind.is_of_ledger());
            let recent = world.turns.iter().rev().take(500);
            let other = recent.filter(elsewhere).find(of_ledger).copied();
            if let Some(other) = other {
                let (other, running) = (world.name(other.place), other.call);
                world.violated(format!("{name} runs {call} while {other} runs {running}"));
            }
            if world.owner != Some(place) {
                world.violated(format!("{name} runs {call} and doesn't own the ledger"));
            }
        }
        world.turns.push(Turn { call, place, began: world.now, ended: None });
        Running(world.turns.len() - 1)
    })
}

/// While there is one, its process owns the ledger.
pub(crate) struct Owned(Place);

/// A process begins to run the ledger, and does as long as it keeps this: also if it is told to stop
/// before it has begun.
pub(crate) fn owned(by: Place) -> Owned {
    with(|world| world.owns(by));
    Owned(by)
}

impl Drop for Owned {
    fn drop(&mut self) {
        at_an_end(|world| world.owns_no_more(self.0));
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        at_an_end(|world| {
            let now = world.now;
            if let Some(turn) = world.turns.get_mut(self.0) {
                turn.ended = Some(now);
            }
        });
    }
}
