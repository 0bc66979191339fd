//! The rehearsal of a split in one process: calls are encoded and decoded as if they crossed the
//! wire, with the latency and the faults of one if config says so.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::context::InboundContext;
use crate::live::Live;
use crate::outcome::{Failure, NotExecuted, Unknown};
use crate::remote::{Inbound, Inlet, Outbound, Remote, RemoteReply, Replies, ReplyBody, Sent};
use crate::time::{Clock, Moment};

/// What a rehearsed wire does to calls.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Faults {
    /// How long the way takes, there and back together.
    pub delay: Duration,
    /// The share of calls, 0 to 1, that run and whose reply is lost.
    pub lost: f64,
    /// The share of calls, 0 to 1, that never get there.
    pub refused: f64,
}

impl Faults {
    /// Whether they do nothing to any call.
    fn is_none(&self) -> bool {
        self.delay.is_zero() && self.lost <= 0.0 && self.refused <= 0.0
    }
}

/// A wire that leads back into the process.
pub struct Rehearsal {
    inlet: Arc<dyn Inlet>,
    faults: Live<Faults>,
    /// Whether there are any. Most rehearsals have none, and each call asks.
    faulty: Arc<AtomicBool>,
    chance: Chance,
    clock: Clock,
}

impl Rehearsal {
    /// A wire to `inlet`, with other faults each time; their shares may be set anew while calls are
    /// made.
    pub fn new(inlet: Arc<dyn Inlet>, faults: impl Into<Live<Faults>>, clock: Clock) -> Self {
        let faults = faults.into();
        let faulty = Arc::new(AtomicBool::new(false));
        let told = Arc::downgrade(&faulty);
        faults.follow(move |faults| {
            told.upgrade()
                .map(|faulty| faulty.store(!faults.is_none(), Ordering::Relaxed))
                .is_some()
        });
        Self { inlet, faults, faulty, chance: Chance::New, clock }
    }

    /// The wire whose faults follow from a seed: what befalls the nth call that is made over it, and
    /// every attempt is one, is the same for the same seed, service and shares, whichever thread
    /// makes it, and whatever befell those before it.
    #[must_use]
    pub fn seeded(self, seed: u64) -> Self {
        let name = self.inlet.service().name();
        let seed = xxh3_64_with_seed(name.as_bytes(), seed);
        Self { chance: Chance::Seeded { seed, calls: AtomicU64::new(0) }, ..self }
    }
}

/// Which calls a fault befalls.
enum Chance {
    /// Others each time.
    New,
    Seeded {
        /// The service's own.
        seed: u64,
        /// How many were made.
        calls: AtomicU64,
    },
}

impl Chance {
    /// Whether the next call is refused, and whether its reply is lost.
    fn of_next(&self, faults: &Faults) -> (bool, bool) {
        if faults.refused <= 0.0 && faults.lost <= 0.0 {
            return (false, false);
        }
        let mut random = match self {
            Self::New => Rng::new(),
            Self::Seeded { seed, calls } => {
                let number = calls.fetch_add(1, Ordering::Relaxed);
                Rng::with_seed(xxh3_64_with_seed(&number.to_le_bytes(), *seed))
            }
        };
        (random.f64() < faults.refused, random.f64() < faults.lost)
    }
}

impl Replies for Rehearsal {}

impl Remote for Rehearsal {
    fn send(&self, call: Outbound<'_>) -> Sent {
        if !self.faulty.load(Ordering::Relaxed) {
            return self.carry(call).map_or_else(Sent::failed, Sent::Waits);
        }
        let faults = **self.faults.load();
        let (refused, lost) = self.chance.of_next(&faults);
        if refused {
            let why = NotExecuted::unavailable("refused in rehearsal");
            return Sent::failed(why);
        }
        let (deadline, delay) = (call.context.deadline, faults.delay);
        let reply = match self.carry(call) {
            Ok(reply) => reply,
            Err(why) => return Sent::failed(why),
        };
        let clock = self.clock.clone();
        Sent::Waits(RemoteReply::from_future(async move {
            back(reply, Way { delay, lost, deadline }, &clock).await
        }))
    }
}

impl Rehearsal {
    /// Encodes a call and has it served; the wait is for a reply that nothing befalls.
    fn carry(&self, call: Outbound<'_>) -> Result<RemoteReply, NotExecuted> {
        let mut body = Vec::with_capacity(128);
        if let Err(error) = call.body.encode(&mut body) {
            return Err(NotExecuted::bad_request(error.to_string()));
        }
        let mut context = InboundContext::copied(call.context);
        let inbound = Inbound {
            method: call.method.index,
            body: &body,
            form: call.form,
            context: &mut context,
            caller: call.caller,
            now: call.now,
        };
        let mut out = Vec::with_capacity(128);
        let served = self.inlet.serve(inbound, &mut out);
        Ok(served.into_reply(out))
    }
}

/// What befalls a reply.
struct Way {
    delay: Duration,
    lost: bool,
    /// Until when it is of use.
    deadline: Moment,
}

/// The way back.
async fn back(reply: RemoteReply, way: Way, clock: &Clock) -> Result<ReplyBody, Failure> {
    let mut reply = reply.await;
    if !way.delay.is_zero() {
        let arrival = clock.now().after(way.delay);
        clock.wait_until(arrival.min(way.deadline)).await;
        if arrival > way.deadline {
            return Err(Unknown::DeadlineExceeded.into());
        }
        if let Ok(body) = &mut reply {
            body.at = arrival;
        }
    }
    if way.lost {
        return Err(Unknown::ConnectionLost { reason: "lost in rehearsal".into() }.into());
    }
    reply
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rehearsal({}, {:?})", self.inlet.service(), self.faults)
    }
}
