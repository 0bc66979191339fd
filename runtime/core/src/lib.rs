//! The call path of seam: contracts, actors, turns, outcomes and policy. It opens no socket and no
//! file; the wire, the store and the edge stand on it.
//!
//! A contract ([`contract`]) is served by an actor ([`actor`]). A client ([`call`]) reads its route
//! and either lets the call in to a host in this process ([`turn`]) or hands it to something that
//! carries it elsewhere ([`remote`]). Either way it comes back as one [`outcome`], and takes its
//! context along ([`context`]).
//!
//! ```text
//! call ──▶ turn              each part uses those to the right of it, and never one to the left:
//!   │                        actor ▸ call ▸ remote, turn ▸ metrics ▸ record ▸ contract ▸ event ▸ codec
//!   └────▶ remote ──▶ (wire)       ▸ outcome ▸ context ▸ policy ▸ time
//! ```

#[cfg(panic = "abort")]
compile_error!(
    "seam contains panics to the turn they happen in: remove `panic = \"abort\"` from the profile"
);

pub mod actor;
pub mod call;
pub mod codec;
pub mod context;
pub mod contract;
pub mod event;
pub mod home;
pub mod live;
pub mod memory;
pub mod metrics;
pub mod name;
pub mod outcome;
pub mod policy;
pub mod record;
pub mod remote;
pub mod supervise;
mod thread;
pub mod time;
pub mod turn;
