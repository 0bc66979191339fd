//! One code base, one binary or several: the facade of the seam runtime.

#[allow(dead_code, unused_imports, reason = "`App::main` is what calls it")]
mod command;
pub mod config;
