//! How events get from who publishes them to who subscribes, with one effect each.
//!
//! ```text
//! intake/   what becomes of the events of one subscription: order per key, attempts, backoff
//! ```

pub mod intake;
