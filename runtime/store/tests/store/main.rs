//! A store from outside: what every engine must do, what faults do, and what a kill leaves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

#[macro_use]
mod scene;

mod damage;
mod faults;
mod indexes;
mod layers;
#[cfg(feature = "postgres")]
mod outages;
#[cfg(feature = "postgres")]
mod proxy;
#[cfg(feature = "postgres")]
mod server;
#[cfg(feature = "postgres")]
mod shared;
mod tables;
mod waiting;
