//! The rehearsal of a split in one process: calls are encoded and decoded as if they crossed the
//! wire, with the latency and the faults of one if config says so.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::context::InboundContext;
use crate::outcome::{NotExecuted, Unknown};
use crate::remote::{
    Inbound, Inlet, Outbound, Remote, RemoteReply, Replies, ReplyBody, ReplyKind, Sent, Served,
};
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

/// A wire that leads back into the process.
pub struct Rehearsal {
    inlet: Arc<dyn Inlet>,
    faults: Faults,
    clock: Clock,
}

impl Rehearsal {
    /// A wire to `inlet`.
    pub fn new(inlet: Arc<dyn Inlet>, faults: Faults, clock: Clock) -> Self {
        Self { inlet, faults, clock }
    }
}

impl Replies for Rehearsal {}

impl Remote for Rehearsal {
    fn send(&self, call: Outbound<'_>) -> Sent {
        let faults = self.faults;
        if happens(faults.refused) {
            let why = NotExecuted::unavailable("refused in rehearsal");
            return Sent::failed(why);
        }
        let mut body = Vec::with_capacity(128);
        if let Err(error) = call.body.encode(&mut body) {
            let why = NotExecuted::bad_request(error.to_string());
            return Sent::failed(why);
        }
        let deadline = call.context.deadline;
        let mut context = InboundContext::copied(call.context);
        let inbound = Inbound {
            method: call.method.index,
            body: &body,
            context: &mut context,
            caller: call.caller,
            now: call.now,
        };
        let mut out = Vec::with_capacity(128);
        let served = self.inlet.serve(inbound, &mut out);
        let clock = self.clock.clone();
        Sent::Waits(RemoteReply::from_future(async move {
            back(served, out, faults, deadline, &clock).await
        }))
    }
}

/// The way back.
async fn back(
    served: Served,
    out: Vec<u8>,
    faults: Faults,
    deadline: Moment,
    clock: &Clock,
) -> Result<ReplyBody, crate::outcome::Failure> {
    let bytes = out.into();
    let replied = |kind, degraded, at| Ok(ReplyBody { kind, degraded, bytes, at });
    let mut reply = match served {
        Served::Answered(at) => replied(ReplyKind::Answer, false, at),
        Served::ServiceError(at) => replied(ReplyKind::ServiceError, false, at),
        Served::Degraded(at) => replied(ReplyKind::Answer, true, at),
        Served::DegradedError(at) => replied(ReplyKind::ServiceError, true, at),
        Served::Failed(failure) => Err(*failure),
        Served::Later(reply) => reply.await,
    };
    if !faults.delay.is_zero() {
        let arrival = clock.now().after(faults.delay);
        clock.wait_until(arrival.min(deadline)).await;
        if arrival > deadline {
            return Err(Unknown::DeadlineExceeded.into());
        }
        if let Ok(body) = &mut reply {
            body.at = arrival;
        }
    }
    if happens(faults.lost) {
        return Err(Unknown::ConnectionLost { reason: "lost in rehearsal".into() }.into());
    }
    reply
}

fn happens(share: f64) -> bool {
    share > 0.0 && fastrand::f64() < share
}

impl fmt::Debug for Rehearsal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rehearsal({}, {:?})", self.inlet.service(), self.faults)
    }
}
