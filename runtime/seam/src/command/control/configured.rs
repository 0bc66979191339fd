//! What a process is asked about its config, and what it answers.

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::{
    config::{Problem, Problems, Source},
    unit::Taken,
};

/// The code of a process that has its config from `up`, and doesn't read it itself.
const OF_UP: &str = "belongs_to_up";
/// The code of a config that is wrong.
const INVALID: &str = "invalid_config";

/// What a running unit's process does about its config.
pub(in crate::command) trait Configured: Send + Sync + 'static {
    /// The text that was accepted last.
    fn source(&self) -> Source;

    /// The first step of another config: see [`Parts::take`](crate::unit::Running::take).
    fn take(&self, source: Source) -> BoxFuture<'_, Result<Taken, Refusal>>;

    /// The second one: why services that move here don't start, if so.
    fn settle(&self) -> BoxFuture<'_, Vec<String>>;

    /// Reads the config file anew, and takes both steps.
    fn reload(&self) -> BoxFuture<'_, Result<Taken, Refusal>>;

    /// Reads anew what was set, and takes both steps.
    fn settings(&self) -> BoxFuture<'_, Result<Taken, Refusal>>;
}

/// Why a config wasn't taken. Then nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) enum Refusal {
    /// It is wrong.
    Invalid(Vec<Mistake>),
    /// `up` reads it for this process.
    OfUp,
}

/// A problem of a config, as it is told between processes.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
pub(in crate::command) struct Mistake {
    /// The line or the variable.
    pub(in crate::command) at: String,
    pub(in crate::command) reason: String,
    pub(in crate::command) fix: String,
    /// All of it, for people.
    pub(in crate::command) text: String,
}

impl Mistake {
    /// Everything that is wrong.
    pub(in crate::command) fn all(problems: &Problems) -> Vec<Self> {
        let mistake = |problem: &Problem| Self {
            at: problem.origin.to_string(),
            reason: problem.reason.clone(),
            fix: problem.fix.clone(),
            text: problem.to_string(),
        };
        problems.iter().map(mistake).collect()
    }
}

impl From<Problems> for Refusal {
    fn from(problems: Problems) -> Self {
        Self::Invalid(Mistake::all(&problems))
    }
}

impl Refusal {
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Invalid(mistakes) => json!({ "code": INVALID, "problems": mistakes }),
            Self::OfUp => json!({ "code": OF_UP }),
        }
    }

    /// What a process has answered; `None` if that is no refusal.
    pub(in crate::command) fn of(answer: &Json) -> Option<Self> {
        match answer["code"].as_str()? {
            INVALID => serde_json::from_value(answer["problems"].clone()).ok().map(Self::Invalid),
            OF_UP => Some(Self::OfUp),
            _ => None,
        }
    }
}
