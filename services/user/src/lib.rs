//! The shop's users.
