//! Who makes a call.

use std::fmt;

use super::ServiceId;

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A service, by the client that its `start` was given.
    Service(ServiceId),
    /// The program that embeds the app.
    Program,
    /// Its owner, on the command line or at the page; to other processes the program.
    Operator,
    /// The edge, for somebody outside.
    Edge,
}

impl Caller {
    /// What counts and traces call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Service(service) => service.name(),
            Self::Program => "program",
            Self::Operator => "operator",
            Self::Edge => "edge",
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => service.fmt(f),
            Self::Program => f.write_str("the program"),
            Self::Operator => f.write_str("the operator"),
            Self::Edge => f.write_str("the edge"),
        }
    }
}
