//! Calls of a service by its queue, typed: `[services.X] via = "bus"`.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::call::{Part, Transcode};
use seam_core::contract::ContractDescriptor;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::remote::{Form, Outbound, Remote, RemoteReply, Replies, ReplyBody, ReplyKind, Sent};
use seam_core::time::{Clock, Moment};

use super::asking::{Asking, Replied, Unanswered};
use super::{queue, reply, request};
use crate::connection::Away;

/// For so long it is believed that somebody takes from a queue.
const BELIEVED: Duration = Duration::from_secs(1);
/// The longest that an answer is waited for.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);

/// The way to a service by its queue, for calls of the app.
pub struct ByQueue {
    asking: Asking,
    contract: &'static ContractDescriptor,
    transcode: Transcode,
    clock: Clock,
    /// Until when somebody is believed to take from it.
    taken: Arc<Mutex<Option<Moment>>>,
}

/// A call, as it waits for its reply.
struct Asked {
    asking: Asking,
    queue: String,
    index: u16,
    body: Vec<u8>,
    properties: lapin::BasicProperties,
    wait: Duration,
    transcode: Transcode,
    clock: Clock,
    taken: Arc<Mutex<Option<Moment>>>,
}

impl ByQueue {
    /// The way to the service of that contract.
    pub fn new(
        asking: Asking,
        contract: &'static ContractDescriptor,
        transcode: Transcode,
        clock: Clock,
    ) -> Self {
        Self { asking, contract, transcode, clock, taken: Arc::default() }
    }

    fn asked(&self, call: &Outbound<'_>) -> Result<Asked, NotExecuted> {
        let mut encoded = Vec::with_capacity(128);
        let encoding = call.body.encode(&mut encoded);
        encoding.map_err(|error| NotExecuted::bad_request(error.to_string()))?;
        let index = call.method.index;
        let json = (self.transcode)(index, Part::Arguments, Form::Json, &encoded);
        let json = json.ok_or_else(|| NotExecuted::bad_request("no such method"))?;
        let json = json.map_err(NotExecuted::bad_request)?;
        let arguments =
            String::from_utf8(json).map_err(|error| NotExecuted::bad_request(error.to_string()))?;
        let wait = call.context.deadline.since(call.now).min(LONGEST);
        let plain = request::properties(wait, &call.context.trace);
        Ok(Asked {
            asking: self.asking.clone(),
            queue: queue(&self.contract.name, &self.contract.version),
            index,
            body: request::body(call.method.name, &arguments),
            properties: request::own(plain, self.asking.rabbit().user(), call.caller, call.context),
            wait,
            transcode: self.transcode,
            clock: self.clock.clone(),
            taken: Arc::clone(&self.taken),
        })
    }
}

impl Replies for ByQueue {}

impl Remote for ByQueue {
    fn send(&self, call: Outbound<'_>) -> Sent {
        match self.asked(&call) {
            Ok(asked) => Sent::Waits(RemoteReply::from_future(asked.reply())),
            Err(why) => Sent::failed(why),
        }
    }

    fn may_come_back(&self) -> bool {
        true
    }
}

impl Asked {
    async fn reply(self) -> Result<ReplyBody, Failure> {
        self.look().await?;
        let asked = self.asking.ask(&self.queue, (&self.body, self.properties.clone()), self.wait);
        match asked.await {
            Ok(Replied::Result(json)) => self.read(ReplyKind::Answer, &json),
            Ok(Replied::Error(json)) => match reply::read_failure(&json) {
                Some(failure) => Err(failure),
                None => self.read(ReplyKind::ServiceError, &json),
            },
            Err(unanswered) => {
                *self.taken.lock() = None;
                Err(unanswered.into_failure(&self.queue))
            }
        }
    }

    /// Whether somebody takes from the queue: a call that nobody took would lie there, and nobody would
    /// know what became of it.
    async fn look(&self) -> Result<(), Failure> {
        let now = self.clock.now();
        if self.taken.lock().is_some_and(|until| now < until) {
            return Ok(());
        }
        let nobody = |why: String| Failure::from(NotExecuted::unavailable(why));
        match self.asking.rabbit().takers(&self.queue).await {
            Ok(Some(takers)) if takers > 0 => {
                *self.taken.lock() = Some(now.after(BELIEVED));
                Ok(())
            }
            Ok(Some(_)) => Err(nobody(format!("nobody takes from the queue `{}`", self.queue))),
            Ok(None) => Err(Unanswered::NoQueue.into_failure(&self.queue)),
            Err(Away(why)) => Err(nobody(why)),
        }
    }

    fn read(&self, kind: ReplyKind, json: &[u8]) -> Result<ReplyBody, Failure> {
        let part = match kind {
            ReplyKind::Answer => Part::Answer,
            ReplyKind::ServiceError => Part::Error,
        };
        let encoded = (self.transcode)(self.index, part, Form::Encoded, json);
        let encoded = encoded.unwrap_or_else(|| Err("no such method".into()));
        let bytes = encoded.map_err(|why| Unknown::Unreadable { why: why.into() })?;
        Ok(ReplyBody { kind, degraded: false, bytes: bytes.into(), at: self.clock.now() })
    }
}

impl fmt::Debug for ByQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ByQueue({})", queue(&self.contract.name, &self.contract.version))
    }
}
