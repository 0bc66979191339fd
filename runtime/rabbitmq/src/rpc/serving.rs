//! A service's queue, and who takes from it: a request is a call like any other that comes from
//! elsewhere.
//!
//! A request is taken off the queue before it runs, so that none runs twice because its process has
//! ended; whoever asked is told by its deadline.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicPublishOptions, BasicQosOptions,
    QueueDeclareOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Consumer};
use seam_bus::broker::Outage;
use seam_core::call::{Part, Transcode};
use seam_core::context::InboundContext;
use seam_core::contract::{ContractDescriptor, MethodDescriptor};
use seam_core::outcome::{Failure, NotExecuted};
use seam_core::remote::{Caller, Form, Inbound, Inlet, ReplyBody, ReplyKind};
use seam_core::time::Clock;
use tokio::sync::{Semaphore, watch};
use tokio::time::{Instant, timeout};

use super::{queue, reply, request};
use crate::connection::{Away, BYE, PARTING, Rabbit, answered};

/// So many requests run or wait here at most; the others stay in the queue.
const AT_ONCE: usize = 256;
/// So many are handed over before they are taken.
const AHEAD: u16 = 64;
/// After so long what failed is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// A service, as its queue's requests find it.
#[derive(Clone)]
pub struct Served {
    /// The way in to it.
    pub inlet: Arc<dyn Inlet>,
    /// From JSON, and to it.
    pub transcode: Transcode,
    /// What time it is.
    pub clock: Clock,
    /// How long a request takes that doesn't say for how long its answer is of use.
    pub deadline: Duration,
}

impl fmt::Debug for Served {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Served({})", self.inlet.service())
    }
}

/// Takes requests from a service's queue until `stop` is true, and ends once those that it took are
/// answered.
pub async fn serve(rabbit: Rabbit, served: Served, mut stop: watch::Receiver<bool>) {
    let running = Arc::new(Semaphore::new(AT_ONCE));
    let mut outage = Outage::default();
    while !*stop.borrow() {
        let began = Instant::now();
        let stopped = async {
            // Whoever could stop it is gone.
            let _ = stop.wait_for(|stop| *stop).await;
        };
        if let Err(Away(why)) = take(&rabbit, &served, &running, stopped).await
            && outage.is_news(began.elapsed())
        {
            let service = served.inlet.service();
            tracing::warn!(%service, why, "its queue can't be served for now");
        }
        let _ = timeout(AGAIN, stop.wait_for(|stop| *stop)).await;
    }
    // All of them come back.
    let most = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
    let _ = running.acquire_many(most).await;
}

async fn take(
    rabbit: &Rabbit,
    served: &Served,
    running: &Arc<Semaphore>,
    stopped: impl Future<Output = ()>,
) -> Result<(), Away> {
    let ContractDescriptor { name, version, .. } = served.inlet.descriptor();
    let channel = rabbit.channel().await?;
    let consumer = consume(&channel, &queue(name, version)).await?;
    let tag = consumer.tag();
    tokio::select! {
        () = stopped => {
            let _ = timeout(PARTING, channel.basic_cancel(tag, BasicCancelOptions::default())).await;
            // Those that it took go on, and reply on it; what they don't hold goes back to the queue.
            let (running, channel) = (Arc::clone(running), channel.clone());
            let most = u32::try_from(AT_ONCE).unwrap_or(u32::MAX);
            let _ = running.acquire_many(most).await;
            let _ = timeout(PARTING, channel.close(BYE, "it ends".into())).await;
            Ok(())
        }
        taken = take_all(rabbit, served, running, (&channel, consumer)) => taken,
    }
}

async fn consume(channel: &Channel, queue: &str) -> Result<Consumer, Away> {
    let (durable, nothing) = (QueueDeclareOptions::durable(), FieldTable::default());
    answered(channel.queue_declare(queue.into(), durable, nothing)).await?;
    answered(channel.basic_qos(AHEAD, BasicQosOptions::default())).await?;
    let (options, nothing) = (BasicConsumeOptions::default(), FieldTable::default());
    answered(channel.basic_consume(queue.into(), "".into(), options, nothing)).await
}

async fn take_all(
    rabbit: &Rabbit,
    served: &Served,
    running: &Arc<Semaphore>,
    (channel, mut consumer): (&Channel, Consumer),
) -> Result<(), Away> {
    loop {
        let place = Arc::clone(running).acquire_owned().await;
        let place = place.map_err(|_| Away("it ends".into()))?;
        let delivery = match consumer.next().await {
            Some(delivery) => delivery?,
            None => return Err(Away("the connection to RabbitMQ was lost".into())),
        };
        answered(channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default())).await?;
        let (served, channel, user) = (served.clone(), channel.clone(), rabbit.user().to_owned());
        rabbit.home().spawn(async move {
            served.answer(delivery, &channel, &user).await;
            drop(place);
        });
    }
}

impl Served {
    async fn answer(&self, delivery: Delivery, channel: &Channel, user: &str) {
        let Delivery { properties, data, .. } = delivery;
        let (kind, body) = self.reply(&properties, &data, user).await;
        let Some(to) = properties.reply_to().clone() else { return };
        let mut replied = BasicProperties::default().with_content_type("application/json".into());
        if let Some(id) = properties.correlation_id().clone() {
            replied = replied.with_correlation_id(id);
        }
        if kind == ReplyKind::ServiceError {
            replied = replied.with_type("error".into());
        }
        let options = BasicPublishOptions::default();
        // Who asked and is gone has no use for it; and who loses the broker is told so by its own side.
        let _ = answered(channel.basic_publish("".into(), to, options, &body, replied)).await;
    }

    /// What a request is answered.
    async fn reply(
        &self,
        properties: &BasicProperties,
        body: &[u8],
        user: &str,
    ) -> (ReplyKind, Vec<u8>) {
        let (caller, mut context) = request::context(properties, user);
        let own = caller.is_some();
        let failed = |why: Failure| (ReplyKind::ServiceError, reply::failure(&why, own));
        let asked = match request::read(body) {
            Ok(asked) => asked,
            Err(why) => return failed(NotExecuted::bad_request(why).into()),
        };
        let contract = self.inlet.descriptor();
        let Some(method) = named(contract, &asked.method) else {
            return (ReplyKind::ServiceError, reply::no_method(&contract.name, &asked.method));
        };
        if !own && !method.public {
            let why = format!("`{}.{}` isn't public", contract.name, method.name).into();
            return failed(NotExecuted::Denied { why }.into());
        }
        let index = method.index;
        let to = |part, form, bytes: &[u8]| {
            (self.transcode)(index, part, form, bytes).unwrap_or_else(|| Err("no method".into()))
        };
        let arguments = match to(Part::Arguments, Form::Encoded, &asked.arguments) {
            Ok(arguments) => arguments,
            Err(why) => return failed(NotExecuted::bad_request(why).into()),
        };
        let now = self.clock.now();
        context.deadline = now.after(request::wait(properties).unwrap_or(self.deadline));
        let reply = {
            let mut context = InboundContext::copied(&context);
            let caller = caller.unwrap_or(Caller::Edge);
            let (context, body) = (&mut context, &arguments[..]);
            let form = Form::Encoded;
            let inbound = Inbound { method: index, body, form, context, caller, now };
            let mut out = Vec::new();
            self.inlet.serve(inbound, &mut out).into_reply(out)
        };
        match reply.await {
            Ok(ReplyBody { kind, bytes, .. }) => {
                let part = match kind {
                    ReplyKind::Answer => Part::Answer,
                    ReplyKind::ServiceError => Part::Error,
                };
                match to(part, Form::Json, &bytes) {
                    Ok(json) => (kind, json),
                    Err(why) => {
                        failed(seam_core::outcome::Unknown::Unreadable { why: why.into() }.into())
                    }
                }
            }
            Err(failure) => failed(failure),
        }
    }
}

/// The method of that name, however it is spelled: `PlaceOrder` is `place_order`.
fn named<'c>(contract: &'c ContractDescriptor, name: &str) -> Option<&'c MethodDescriptor> {
    let folded = |name: &str| name.replace('_', "").to_ascii_lowercase();
    contract.methods.iter().find(|method| folded(&method.name) == folded(name))
}
