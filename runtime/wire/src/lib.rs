//! The wire of seam: frames without I/O, and the connections that carry them.
