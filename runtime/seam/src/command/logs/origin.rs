//! Whose lines they are.

use std::io;

use seam_telemetry::logs::{Level, LogEntry, LogFile};

use super::super::output::Output;

/// Whose lines they are.
#[derive(Clone, Debug)]
pub(in crate::command) struct Origin {
    pub(in crate::command) unit: String,
    /// Which of the unit's processes, where it has several.
    pub(in crate::command) instance: Option<u16>,
}

impl Origin {
    /// What `up` itself says.
    pub(in crate::command) fn of_up() -> Self {
        Self { unit: "up".into(), instance: None }
    }

    /// What its lines begin with: `pay`, or `pay.0` and `pay.1` where there are several.
    pub(in crate::command) fn name(&self) -> String {
        match self.instance {
            Some(instance) => format!("{}.{instance}", self.unit),
            None => self.unit.clone(),
        }
    }

    /// A line that is written now.
    pub(in crate::command) fn entry(&self, level: Level, text: &str) -> LogEntry {
        LogEntry::new(level, &self.unit, self.instance).with("message", text)
    }

    /// What becomes of `file`: lines that it doesn't take are counted, and the count is a line.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(in crate::command) fn output(&self, file: LogFile) -> io::Result<Output> {
        let origin = self.clone();
        let told = move |dropped| {
            let text = match dropped {
                1 => "1 line is missing: it couldn't be written".into(),
                dropped => format!("{dropped} lines are missing: they couldn't be written"),
            };
            Some(origin.entry(Level::Warn, &text).line().into())
        };
        Output::file(file, Box::new(told))
    }
}
