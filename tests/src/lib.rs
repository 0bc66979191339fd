//! The suites that hold seam to its promises; they are all in `tests/suite`, one binary.
