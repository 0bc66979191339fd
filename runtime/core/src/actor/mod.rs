//! What a service is written against: how it starts, stops and reports its health.

mod needs;
mod setup;

use std::future::Future;

use serde::de::DeserializeOwned;

pub use self::needs::{NeededBy, Needs, VisitNeeds};
pub use self::setup::{Clients, Extensions, Setup};
pub use crate::turn::{Health, StartError};

use crate::call::Hosts;

/// A service: an actor that implements a contract.
///
/// Its state is `self`. A method with `&mut self` has it alone, one with `&self` shares it with
/// others; a panic in an exclusive turn discards it, and `start` makes a new one.
pub trait Actor: Sized + Send + Sync + 'static {
    /// The contract that the actor serves: `type Contract = PaymentContract`.
    type Contract: Hosts<Self>;
    /// `[services.NAME.config]`; `()` if there is none. Mark it `#[serde(deny_unknown_fields)]`, as
    /// `#[seam::config]` does.
    type Config: DeserializeOwned + Send + 'static;
    /// The clients of the services that it may call: `()`, or a tuple such as
    /// `(UserClient, PaymentClient)`. Nothing else can be called.
    type Needs: Needs;

    /// Makes the actor: before its first turn, and again after a panic.
    fn start(setup: &mut Setup<Self>) -> impl Future<Output = Result<Self, StartError>> + Send;

    /// Called once, alone, after the last turn.
    fn stop(&mut self) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// Whether the service can do its work.
    fn health(&self) -> impl Future<Output = Health> + Send {
        async { Health::Good }
    }
}
