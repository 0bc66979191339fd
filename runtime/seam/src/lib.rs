//! One code base, one binary or several: the facade of the seam runtime.
