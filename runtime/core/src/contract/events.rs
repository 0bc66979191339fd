//! The events of a contract: those that its service publishes, and those that begin its methods.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::descriptor::schema;
use crate::event::Event;

/// An event that a contract's service publishes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDescriptor {
    /// What happened: `order.paid`.
    pub topic: String,
    /// Which of the topic's forms it is, from 1.
    pub version: u16,
    /// The field by which its order is kept, as JSON names it.
    pub key: String,
    /// Its doc comment.
    pub doc: String,
    /// The JSON Schema (draft 2020-12) of its body.
    pub schema: Value,
}

impl EventDescriptor {
    /// Describes the event `E`.
    pub fn of<E: Event>() -> Self {
        Self {
            topic: E::TOPIC.to_owned(),
            version: E::VERSION,
            key: E::KEY.to_owned(),
            doc: E::DOC.to_owned(),
            schema: schema::<E>(),
        }
    }
}

/// The events that begin a method, as `#[call(on)]` takes them from the argument's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubscriptionSpec {
    /// Their topic.
    pub topic: &'static str,
    /// Which of the topic's forms.
    pub version: u16,
}

/// The events that begin a method.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubscriptionDescriptor {
    /// Their topic.
    pub topic: String,
    /// Which of the topic's forms.
    pub version: u16,
}

impl From<SubscriptionSpec> for SubscriptionDescriptor {
    fn from(SubscriptionSpec { topic, version }: SubscriptionSpec) -> Self {
        Self { topic: topic.to_owned(), version }
    }
}
