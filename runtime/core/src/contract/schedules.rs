//! When methods run by themselves, as contracts say it.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::policy::{Cron, CronError, Schedule};

/// When a method runs by itself, as the macro writes it down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScheduleSpec {
    /// `#[call(every = "1h")]`: once in each such time.
    Every(Duration),
    /// `#[call(cron = "0 3 * * *")]`: at the minutes that its five fields name, in UTC.
    Cron(&'static str),
}

/// When a method runs by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScheduleDescriptor {
    /// Once in each such time.
    Every(Duration),
    /// At the minutes that its five fields name, in UTC.
    Cron(String),
}

impl ScheduleDescriptor {
    /// The times that it names.
    ///
    /// # Errors
    /// A cron that is none. Those of contracts were read when they were compiled.
    pub fn schedule(&self) -> Result<Schedule, CronError> {
        match self {
            Self::Every(every) => Ok(Schedule::Every(*every)),
            Self::Cron(text) => Cron::parse(text).map(Schedule::Cron),
        }
    }
}

impl fmt::Display for ScheduleDescriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every(every) => {
                let seconds = every.as_secs();
                let units = [(86_400, 'd'), (3_600, 'h'), (60, 'm'), (1, 's')];
                let found = units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size));
                let (size, unit) = found.unwrap_or((1, 's'));
                write!(f, "every {}{unit}", seconds / size)
            }
            Self::Cron(text) => f.write_str(text),
        }
    }
}

impl From<ScheduleSpec> for ScheduleDescriptor {
    fn from(spec: ScheduleSpec) -> Self {
        match spec {
            ScheduleSpec::Every(every) => Self::Every(every),
            ScheduleSpec::Cron(text) => Self::Cron(text.to_owned()),
        }
    }
}
