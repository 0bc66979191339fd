//! Tables of a service on its own sled database, acknowledged when on disk.
