//! What the system lets this process have.

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the soft limit of descriptors to the hard one: the soft one is there for programs that
/// can't tell more than 1,024 apart.
pub(super) fn raise_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    if limit.current != limit.maximum
        && let Err(error) =
            setrlimit(Resource::Nofile, rustix::process::Rlimit { current: limit.maximum, ..limit })
    {
        tracing::debug!(%error, "the limit of descriptors stays as it is");
    }
}
