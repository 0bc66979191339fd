//! The shop's orders.
