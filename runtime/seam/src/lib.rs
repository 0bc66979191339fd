//! One code base, one binary or several: the facade of the seam runtime.

pub mod config;
