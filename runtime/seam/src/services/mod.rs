//! The services of an app: what is registered of each, and what all of them say together.

mod activity;
mod entry;
mod graph;
mod place;
mod registry;
mod store_failure;
mod tables;

pub(crate) use self::activity::Activity;
pub(crate) use self::entry::{
    HostPlan, Hosted, Opened, Registered, RehearsalPlan, RoutePlan, deadlines,
};
pub use self::graph::{Edge as CallEdge, Graph};
pub(crate) use self::place::Place;
pub(crate) use self::registry::{Registry, Simulation};
pub use self::store_failure::StoreFailure;
pub(crate) use self::tables::Database;
pub use self::tables::Tables;
