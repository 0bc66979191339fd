//! A store from outside: what every engine must do, what faults do, and what a kill leaves.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

#[macro_use]
mod scene;

mod damage;
mod faults;
mod indexes;
mod layers;
mod tables;
mod waiting;
