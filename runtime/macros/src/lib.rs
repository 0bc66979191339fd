//! The attribute macros of seam: contract, message, error.
