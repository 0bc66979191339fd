//! Contracts as users write them: what the macros make of them, called in every way that there is.

mod calls;
mod config;
mod descriptor;
mod errors;
mod layout;
mod messages;
mod vault;
