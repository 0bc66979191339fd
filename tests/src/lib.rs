//! The suites that hold seam to its promises.
