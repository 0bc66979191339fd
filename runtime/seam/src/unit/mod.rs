//! One process: the services that it hosts, its edge, its listener, and the links to its peers.

mod awaited;
mod call;
mod clients;
mod descriptors;
mod edge;
mod failure;
mod links;
mod parts;
mod placement;
mod running;
mod starting;
mod status;

pub use self::failure::StartFailure;
pub use self::running::{NoSuchClient, NotReady, Running};
pub use self::status::{MethodStatus, ServiceStatus, UnitStatus};
