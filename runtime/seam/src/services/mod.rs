//! The services of an app: what is registered of each, and what all of them say together.

mod activity;
mod commands;
mod entry;
mod graph;
mod messaging;
mod needed;
mod place;
mod queued;
mod registry;
mod security;
mod store_failure;
mod tables;
mod tickets;
mod topics;

pub(crate) use self::activity::Activity;
pub(crate) use self::commands::{Attached, CommandSender};
pub(crate) use self::entry::{
    HostPlan, Hosted, Opened, Registered, RehearsalPlan, RoutePlan, deadlines,
};
pub use self::graph::{Edge as CallEdge, Graph};
pub(crate) use self::messaging::{
    BusAnswer, BusAsk, BusRefusal, DeadLetter, From, Messaging, MessagingPlan, Rebuilt,
    ScheduleStatus, Subscription, Ticket,
};
pub(crate) use self::place::Place;
pub(crate) use self::queued::Queued;
pub(crate) use self::registry::{Registry, Simulation};
pub use self::security::{Security, SecuritySetup};
pub use self::store_failure::StoreFailure;
pub use self::tables::Tables;
pub(crate) use self::tables::{DataFolder, Database};
pub(crate) use self::tickets::KeptBy;
pub use self::tickets::KeptTickets;
pub use self::topics::Topics;
