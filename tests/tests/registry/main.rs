//! What every engine of the registry must do, alike for all of them: see `suite`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

mod engines;
mod suite;
mod witness;
