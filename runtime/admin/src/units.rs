//! Whom the admin side asks.

use std::fmt;

use futures_util::future::BoxFuture;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::acts::Act;
use crate::asks::{Ask, Listen};
use crate::feed::Feed;
use crate::refusal::Refusal;

/// The units of an app, as far as the admin side knows of them.
pub trait Units: Send + Sync + 'static {
    /// What they say.
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Result<Value, Refusal>>;

    /// Has them do something. It is done to its end, or refused whole; whether that may be, and what is
    /// written down of it, is [`Steering`](crate::Steering)'s.
    fn act(&self, act: Act) -> BoxFuture<'_, Result<Done, Refusal>>;

    /// What they tell from now on, until the feed is dropped.
    fn listen(&self, listen: Listen) -> BoxFuture<'_, Result<Feed, Refusal>>;
}

/// What came of an act.
pub struct Done {
    /// What is answered: JSON, as it was written.
    pub answer: Box<RawValue>,
    /// What was there before, for the audit.
    pub old: Value,
    /// What is there now, for the audit; `None` if that is what was asked for.
    pub new: Option<Value>,
    /// What came of it, for the audit: `done`, or how a call ended.
    pub result: String,
}

impl Done {
    /// It was done, and this is answered.
    pub fn new(answer: &Value) -> Self {
        Self { answer: raw(answer), old: Value::Null, new: None, result: "done".into() }
    }

    /// With what was there before.
    #[must_use]
    pub fn instead_of(self, old: Value) -> Self {
        Self { old, ..self }
    }

    /// With what was there before, and what is now, if that is known: it wasn't beforehand.
    #[must_use]
    pub fn changing(self, (old, new): (Value, Option<Value>)) -> Self {
        Self { old, new, ..self }
    }
}

/// A value as its text.
fn raw(value: &Value) -> Box<RawValue> {
    // A value can always be written; `null` stands for what can't.
    RawValue::from_string(value.to_string()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An answer may hold what isn't for logs.
        f.debug_struct("Done").field("result", &self.result).finish_non_exhaustive()
    }
}
