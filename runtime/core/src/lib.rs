//! Contracts, actors, turns, outcomes and policy: the call path of seam, without a socket or a file.
