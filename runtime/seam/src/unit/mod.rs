//! One process: the services that it hosts, its edge, its listener, and the links to its peers.

mod additions;
mod allowed;
mod api;
mod awaited;
mod broker;
mod call;
mod certificates;
mod clients;
mod commands;
mod descriptors;
mod desks;
mod edge;
mod edge_sockets;
mod edges;
mod failure;
mod health;
mod hosting;
mod inlets;
mod links;
mod listening;
mod membership;
#[cfg(feature = "rabbitmq")]
mod modules;
mod operations;
mod parts;
mod peers;
mod placement;
mod plug;
mod plugins;
mod push;
mod running;
mod starting;
mod status;
mod taking;
mod tickets;

pub(crate) use self::additions::Additions;
pub use self::additions::EdgeClients;
pub(crate) use self::api::document as api_document;
pub(crate) use self::certificates::check_certificates;
pub(crate) use self::edge_sockets::{EdgeSockets, listen};
pub use self::failure::StartFailure;
pub(crate) use self::failure::Taker;
pub use self::push::{PushError, push};
pub use self::running::{NoSuchClient, NotReady, Running};
pub use seam_mesh::{EndpointState, EndpointStatus};

pub use self::status::{MethodStatus, PluggedStatus, RegistryStatus, ServiceStatus, UnitStatus};
pub use self::taking::Taken;
