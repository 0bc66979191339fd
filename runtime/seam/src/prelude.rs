//! What a service is written with: `use seam::prelude::*`.

pub use seam_core::actor::{Actor, Health, Setup, StartError};
pub use seam_core::call::{Call, CallOptions};
pub use seam_core::outcome::{CallError, InnerError, NotExecuted, Unknown};
pub use seam_store::{
    Index, Keys, Store, StoreError, Table, Transaction, TransactionError, Unique,
};

pub use crate::{
    App, Enqueue, KeptTickets, Patch, Publish, StoreFailure, Tables, Topic, Topics, ms, secs,
};
