//! Requests on their way, and the replies that come for them.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{BasicConsumeOptions, BasicPublishOptions, ConfirmSelectOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Consumer};
use parking_lot::Mutex;
use seam_core::context::TraceContext;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use super::request;
use crate::connection::{Away, Rabbit, answered};

/// Replies come to whom the broker knows by this, on the channel on which the requests were sent.
const REPLIES: &str = "amq.rabbitmq.reply-to";
/// So many requests wait for their replies at most.
const MOST: usize = 4_096;

/// Makes requests by a broker. Clones share a channel.
#[derive(Clone)]
pub struct Asking {
    rabbit: Rabbit,
    open: Arc<tokio::sync::Mutex<Option<Open>>>,
}

/// What a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replied {
    /// The result, as JSON.
    Result(Vec<u8>),
    /// An error, as JSON.
    Error(Vec<u8>),
}

/// Why a request has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unanswered {
    /// There is no such queue: nobody has it.
    NoQueue,
    /// It was not sent: the broker is away, or too many wait.
    NotSent(String),
    /// It was sent, and the connection was lost before it was answered.
    Lost(String),
    /// Nobody has answered in time.
    Late,
}

impl Unanswered {
    /// What became of a call by that queue.
    pub fn into_failure(self, queue: &str) -> Failure {
        match self {
            Self::NoQueue => {
                let why = format!("there is no queue `{queue}`: nobody serves it");
                NotExecuted::unavailable(why).into()
            }
            Self::NotSent(why) => NotExecuted::unavailable(why).into(),
            Self::Lost(reason) => Unknown::ConnectionLost { reason: reason.into() }.into(),
            Self::Late => Unknown::DeadlineExceeded.into(),
        }
    }
}

/// The channel that requests go by.
#[derive(Clone)]
struct Open {
    channel: Channel,
    waiting: Arc<Waiting>,
}

/// Who waits for replies, by what these name; `None` once no more come.
struct Waiting(Mutex<Option<HashMap<String, oneshot::Sender<Replied>>>>);

impl Waiting {
    fn take(&self, id: &str) -> Option<oneshot::Sender<Replied>> {
        self.0.lock().as_mut()?.remove(id)
    }
}

/// The place of one who waits, until it doesn't any more.
struct Place {
    waiting: Arc<Waiting>,
    id: String,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.waiting.take(&self.id);
    }
}

impl Asking {
    /// By that broker.
    pub fn new(rabbit: Rabbit) -> Self {
        Self { rabbit, open: Arc::default() }
    }

    /// The broker.
    pub(super) const fn rabbit(&self) -> &Rabbit {
        &self.rabbit
    }

    /// Asks whoever takes from a queue; no answer is waited for beyond `wait`.
    pub(super) async fn ask(
        &self,
        queue: &str,
        (body, properties): (&[u8], BasicProperties),
        wait: Duration,
    ) -> Result<Replied, Unanswered> {
        let until = Instant::now() + wait;
        let late = |_| Unanswered::NotSent("RabbitMQ couldn't be reached in time".into());
        let open = timeout_at(until, self.open()).await.map_err(late)?;
        let open = open.map_err(|Away(why)| Unanswered::NotSent(why))?;
        // From here on it may have been sent.
        let asked = timeout_at(until, open.ask(queue, body, properties)).await;
        asked.unwrap_or(Err(Unanswered::Late))
    }

    /// Asks a module that no contract of the app has.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn ask_module(
        &self,
        queue: &str,
        (method, biz_content): (&str, &str),
        (wait, trace): (Duration, &TraceContext),
    ) -> Result<Replied, Unanswered> {
        let asked = (request::body(method, biz_content), request::properties(wait, trace));
        self.ask(queue, (&asked.0, asked.1), wait).await
    }

    /// Whether somebody takes from a queue, as far as the broker says.
    pub async fn is_taken(&self, queue: &str) -> bool {
        matches!(self.rabbit.takers(queue).await, Ok(Some(takers)) if takers > 0)
    }

    async fn open(&self) -> Result<Open, Away> {
        let mut open = self.open.lock().await;
        if let Some(open) = open.as_ref().filter(|open| open.is_alive()) {
            return Ok(open.clone());
        }
        let channel = self.rabbit.channel().await?;
        answered(channel.confirm_select(ConfirmSelectOptions::default())).await?;
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consumed =
            channel.basic_consume(REPLIES.into(), "".into(), options, FieldTable::default());
        let replies = answered(consumed).await?;
        let waiting = Arc::new(Waiting(Mutex::new(Some(HashMap::new()))));
        let new = Open { channel, waiting: Arc::clone(&waiting) };
        self.rabbit.home().spawn(async move {
            take(replies, &waiting).await;
            // Nobody who still waits will be answered.
            *waiting.0.lock() = None;
        });
        *open = Some(new.clone());
        Ok(new)
    }
}

impl Open {
    fn is_alive(&self) -> bool {
        self.waiting.0.lock().is_some() && self.channel.status().connected()
    }

    async fn ask(
        &self,
        queue: &str,
        body: &[u8],
        properties: BasicProperties,
    ) -> Result<Replied, Unanswered> {
        let id = format!("{:032x}", fastrand::u128(..));
        let (tell, mut told) = oneshot::channel();
        {
            let mut waiting = self.waiting.0.lock();
            let lost = || Unanswered::NotSent("the connection to RabbitMQ was lost".into());
            let waiting = waiting.as_mut().ok_or_else(lost)?;
            if waiting.len() >= MOST {
                let why = format!("{MOST} requests by queues wait for their replies already");
                return Err(Unanswered::NotSent(why));
            }
            waiting.insert(id.clone(), tell);
        }
        let _place = Place { waiting: Arc::clone(&self.waiting), id: id.clone() };
        let properties = properties.with_reply_to(REPLIES.into()).with_correlation_id(id.into());
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let published =
            self.channel.basic_publish("".into(), queue.into(), options, body, properties);
        let lost = |error: lapin::Error| Unanswered::Lost(error.to_string());
        let mut confirm = published.await.map_err(lost)?;
        let gone = || Unanswered::Lost("the connection to RabbitMQ was lost".into());
        tokio::select! {
            biased;
            told = &mut told => return told.map_err(|_| gone()),
            confirmed = &mut confirm => match confirmed.map_err(lost)? {
                Confirmation::Ack(None) | Confirmation::NotRequested => {}
                Confirmation::Ack(Some(_)) => return Err(Unanswered::NoQueue),
                Confirmation::Nack(_) => {
                    return Err(Unanswered::NotSent("RabbitMQ doesn't take it".into()));
                }
            },
        }
        told.await.map_err(|_| gone())
    }
}

/// Hands replies to those who wait, until no more come.
async fn take(mut replies: Consumer, waiting: &Waiting) {
    while let Some(Ok(reply)) = replies.next().await {
        let id = reply.properties.correlation_id().as_ref().map(ShortString::as_str);
        // Who doesn't wait any more has left its place.
        let Some(tell) = id.and_then(|id| waiting.take(id)) else { continue };
        let kind = reply.properties.kind().as_ref().map(ShortString::as_str);
        let replied = match kind {
            Some("error") => Replied::Error(reply.data),
            _ => Replied::Result(reply.data),
        };
        let _ = tell.send(replied);
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asking({:?})", self.rabbit)
    }
}
