//! How grave a line is.

use std::str::FromStr;

/// How grave a line is; the gravest is the greatest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each step.
    Trace,
    /// For who looks closely.
    Debug,
    /// What happens.
    #[default]
    Info,
    /// What somebody may have to look at.
    Warn,
    /// What has failed.
    Error,
}

/// It is no level: they are `trace`, `debug`, `info`, `warn` and `error`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoLevel;

impl Level {
    pub(super) const ALL: [Self; 5] =
        [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// As lines have it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trace => "TRACE",
            Self::Debug => "DEBUG",
            Self::Info => "INFO",
            Self::Warn => "WARN",
            Self::Error => "ERROR",
        }
    }
}

impl FromStr for Level {
    type Err = NoLevel;

    /// Reads it, in any case.
    fn from_str(text: &str) -> Result<Self, NoLevel> {
        Self::ALL.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(text)).ok_or(NoLevel)
    }
}
