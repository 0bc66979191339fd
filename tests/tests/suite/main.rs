//! The suites that hold seam to its promises, in one binary.

mod turns;
