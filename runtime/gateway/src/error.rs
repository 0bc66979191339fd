//! Why there is no edge.

use std::net::SocketAddr;

/// Why an edge could not be bound.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeError {
    /// The address can't be listened on.
    #[error("can't listen on {address}: {cause}; is another program there?")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        cause: std::io::Error,
    },
    /// The threads of the server could not be started.
    #[error("the edge's threads could not be started: {0}")]
    Start(std::io::Error),
    /// Two methods declare the same verb and path, or paths that no request can tell apart.
    #[error("`{verb} {path}` is declared by {first} and by {second}: change one of them")]
    Conflict {
        /// The verb.
        verb: String,
        /// The second one's path.
        path: String,
        /// Who has it already.
        first: String,
        /// Who wants it as well.
        second: String,
    },
    /// A route is no route.
    #[error("the route `{verb} {path}` of {method} {why}")]
    BadRoute {
        /// The verb.
        verb: String,
        /// The path.
        path: String,
        /// The method that declares it.
        method: String,
        /// What is wrong, and what would be right.
        why: String,
    },
    /// Two clients are for one service, or two public methods differ only in case and underscores.
    #[error("{first} and {second} can't be told apart by the form gateway: rename one of them")]
    Ambiguous {
        /// The one.
        first: String,
        /// The other.
        second: String,
    },
}
