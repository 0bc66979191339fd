//! The bench that holds seam against its peers in one run.
