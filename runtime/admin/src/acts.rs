//! What is done, and what the audit says of it.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

/// What units are to do.
#[derive(Clone, Debug)]
pub enum Act {
    /// A call by hand.
    Call(Call),
    /// A setting, in force until it is taken back.
    Set(Set),
    /// A setting is taken back.
    Unset {
        /// The key.
        key: String,
        /// In this unit alone.
        unit: Option<String>,
    },
    /// A breaker is opened or closed.
    Breaker(BreakerAct),
    /// The config file is read anew.
    Reload,
    /// An earlier config is in force again.
    Rollback {
        /// Which one.
        version: u64,
    },
    /// Somebody has looked into a call whose outcome was unknown.
    Resolve {
        /// Which one.
        id: String,
        /// What came of it.
        note: String,
    },
    /// A unit, or an instance as `pay.1`, ends and stays away.
    Drain {
        /// Which one.
        unit: String,
    },
    /// A unit, or an instance, is started anew.
    Restart(Restart),
    /// A service lives in another unit.
    Move(Move),
    /// Dead letters are tried again: these, or all.
    Retry {
        /// Their ids.
        ids: Option<Vec<String>>,
    },
    /// A dead letter is forgotten.
    Drop {
        /// Its id.
        id: String,
    },
    /// Events are handed over once more.
    Replay(Replay),
}

/// A call by hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Service and method: `payment.receipt`.
    pub call: String,
    /// The arguments by name, a JSON object.
    #[serde(default)]
    pub arguments: Option<Box<RawValue>>,
}

/// A setting.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Set {
    /// Its key, such as `edge.rate`.
    pub key: String,
    /// What it is to be.
    pub value: Value,
    /// In this unit alone.
    #[serde(default)]
    pub unit: Option<String>,
    /// For how long: `10m`.
    #[serde(default, rename = "for")]
    pub hold: Option<String>,
}

/// What becomes of a breaker.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct BreakerAct {
    /// Whether it is opened or closed.
    pub action: BreakerAction,
    /// The service that is called.
    pub service: String,
    /// That of this caller alone.
    #[serde(default)]
    pub from: Option<String>,
    /// For how long: `10m`.
    #[serde(default, rename = "for")]
    pub hold: Option<String>,
}

/// What is done with a breaker.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BreakerAction {
    /// Calls aren't executed.
    Open,
    /// They are again.
    Close,
}

/// A unit, or an instance, is started anew.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Restart {
    /// Which one.
    pub unit: String,
    /// Whether one instance is replaced after the other.
    #[serde(default)]
    pub rolling: bool,
}

/// A service lives in another unit.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Move {
    /// The service.
    pub service: String,
    /// Where it is to live.
    pub unit: String,
}

/// Events are handed over once more.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The subscription, such as `mail.order_paid`; a service alone if it is rebuilt.
    pub target: String,
    /// From where on: a position, a time, or how long ago.
    #[serde(default)]
    pub from: Option<String>,
    /// Whether the service's store is emptied first, and everything handed over.
    #[serde(default)]
    pub rebuild: bool,
}

/// What an act is called in the audit.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// What is done.
    pub action: &'static str,
    /// What it is done to.
    pub target: String,
    /// What was there before, if that is known beforehand.
    pub old: Value,
    /// What is to be there.
    pub new: Value,
}

impl Deed {
    /// One that leaves nothing behind that could be told.
    pub fn new(action: &'static str, target: impl Into<String>) -> Self {
        Self { action, target: target.into(), old: Value::Null, new: Value::Null }
    }

    /// With what is to be there then.
    #[must_use]
    pub fn to(self, new: Value) -> Self {
        Self { new, ..self }
    }
}

impl Act {
    /// What the audit calls it. Arguments of calls are told by who makes them, without secrets.
    pub fn deed(&self) -> Deed {
        match self {
            Self::Call(Call { call, .. }) => Deed::new("call", call),
            Self::Set(Set { key, value, unit, hold }) => {
                let new = held(value.clone(), hold.as_deref());
                Deed::new("set", within(key, unit.as_deref())).to(new)
            }
            Self::Unset { key, unit } => Deed::new("unset", within(key, unit.as_deref())),
            Self::Breaker(BreakerAct { action, service, from, hold }) => {
                let target = match from {
                    Some(from) => format!("{from} {service}"),
                    None => service.clone(),
                };
                let new = match action {
                    BreakerAction::Open => "open",
                    BreakerAction::Close => "close",
                };
                Deed::new("breaker", target).to(held(new.into(), hold.as_deref()))
            }
            Self::Reload => Deed::new("reload", "config"),
            Self::Rollback { version } => {
                Deed::new("config rollback", "config").to((*version).into())
            }
            Self::Resolve { id, note } => Deed::new("unknown resolve", id).to(note.as_str().into()),
            Self::Drain { unit } => Deed::new("drain", unit),
            Self::Restart(Restart { unit, rolling }) => {
                let new = if *rolling { "rolling".into() } else { Value::Null };
                Deed::new("restart", unit).to(new)
            }
            Self::Move(Move { service, unit }) => {
                Deed::new("move", service).to(unit.as_str().into())
            }
            Self::Retry { ids } => {
                let all = || "all".to_owned();
                Deed::new("dead retry", ids.as_ref().map_or_else(all, |ids| ids.join(" ")))
            }
            Self::Drop { id } => Deed::new("dead drop", id),
            Self::Replay(Replay { target, from, rebuild }) => {
                let new = if *rebuild { "rebuild".into() } else { json!(from) };
                Deed::new("replay", target).to(new)
            }
        }
    }
}

/// What holds for a while, or until it is taken back.
fn held(value: Value, hold: Option<&str>) -> Value {
    match hold {
        Some(hold) => json!({ "value": value, "for": hold }),
        None => value,
    }
}

fn within(key: &str, unit: Option<&str>) -> String {
    unit.map_or_else(|| key.to_owned(), |unit| format!("{key} in {unit}"))
}
