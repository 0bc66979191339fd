//! Services that are plugged into the running shop: real processes on one machine.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod asked;
mod beside;
mod house;
mod versions;
