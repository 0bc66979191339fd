//! One code base, one binary or several: the facade of the seam runtime.

mod app;
mod command;
pub mod config;
pub mod edge;
pub mod prelude;
mod services;
mod sign_in;
mod unit;

use std::time::Duration;

pub use seam_bus::saga::{Saga, saga};
pub use seam_bus::{Enqueue, Publish, Topic};
pub use seam_core::codec::Patch;
pub use seam_core::codec::{Answer, AnswerHead, Blob, Cookie, SameSite};
pub use seam_core::context::{self, Delivery, Principal, delivery, principal, spawn};
pub use seam_core::metrics::MethodMetrics;
pub use seam_core::{actor, call, contract as contracts, event, outcome, time};
pub use seam_gateway::{ProblemReport, Shaped, actix_web};
pub use seam_macros::{config, contract, error, event, message};
pub use seam_store as store;

pub use self::app::App;
pub use self::services::{CallEdge, Graph, KeptTickets, StoreFailure, Tables, Topics};
pub use self::unit::{
    EdgeClients, EndpointState, EndpointStatus, MethodStatus, NoSuchClient, NotReady,
    PluggedStatus, PushError, RegistryStatus, Running, ServiceStatus, StartFailure, Taken,
    UnitStatus, push,
};

#[allow(unused_extern_crates, reason = "what the macros generate says `::seam`, here too")]
extern crate self as seam;

/// What the macros' output refers to; no part of the API.
#[doc(hidden)]
pub mod __private {
    pub use seam_core::*;
    pub use seam_store as store;
    pub use {schemars, serde, serde_json};
}

/// So many milliseconds: `client.charge(order, amount).deadline(ms(300))`.
pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// So many seconds.
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The examples of the documents, compiled and run.
#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../docs/outcomes.md")]
    mod outcomes {}
    #[doc = include_str!("../../../docs/tables.md")]
    mod tables {}
    #[doc = include_str!("../../../docs/messaging.md")]
    mod messaging {}
    #[doc = include_str!("../../../docs/turns.md")]
    mod turns {}
    #[doc = include_str!("../../../docs/edge.md")]
    mod edge {}
    #[doc = include_str!("../../../docs/gateway.md")]
    mod gateway {}
}
