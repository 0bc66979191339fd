//! The edge of seam: the HTTP side of a unit.
