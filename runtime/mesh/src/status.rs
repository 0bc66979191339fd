//! How the endpoints of a service look from outside.

use std::fmt;

use seam_core::policy::BreakerState;
use serde::{Deserialize, Serialize};

/// An endpoint, as this unit sees it; as JSON, its keys are in camel case.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointStatus {
    /// The service.
    pub service: String,
    /// The unit that it is in.
    pub unit: String,
    /// Which of the unit's instances.
    pub instance: u16,
    /// Whether calls go there.
    pub state: EndpointState,
    /// Whether it is well, by its own word. One that isn't gets calls only while no other can take
    /// them.
    #[serde(default)]
    pub well: bool,
    /// How many calls were sent there.
    pub calls: u64,
    /// How many are under way.
    pub in_flight: u32,
    /// How long a call would take by what is known, in microseconds.
    pub latency_us: u64,
}

/// Whether calls go to an endpoint.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EndpointState {
    /// They do.
    Ready,
    /// There is no connection, or the service isn't active there.
    Connecting,
    /// Its breaker is open.
    Open,
    /// Its breaker has let one call through, to see.
    Probing,
    /// It goes away.
    Draining,
}

impl fmt::Display for EndpointState {
    /// As in JSON.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ready => "ready",
            Self::Connecting => "connecting",
            Self::Open => "open",
            Self::Probing => "probing",
            Self::Draining => "draining",
        })
    }
}

impl EndpointState {
    pub(crate) const fn of(ready: bool, draining: bool, breaker: BreakerState) -> Self {
        match breaker {
            _ if draining => Self::Draining,
            _ if !ready => Self::Connecting,
            BreakerState::Closed => Self::Ready,
            BreakerState::Open { .. } => Self::Open,
            BreakerState::Probing { .. } => Self::Probing,
        }
    }
}
