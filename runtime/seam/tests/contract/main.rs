//! Contracts as users write them: what the macros make of them, called in every way that there is.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

mod attempts;
mod bytes;
mod calls;
mod config;
mod constraints;
mod counting;
mod descriptor;
mod encoding;
mod errors;
mod events;
mod fakes;
mod fallbacks;
mod fetched;
mod hygiene;
mod layout;
mod messages;
mod retries;
mod schedules;
mod shadows;
#[cfg(feature = "time")]
mod times;
mod vault;
