//! The shop: the example app of seam.
