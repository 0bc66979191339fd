//! Why a unit can't start.

use seam_core::name::ServiceId;

use crate::config::{Address, LayoutError, Problems};

/// Why a unit can't start. Nothing of it runs on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartFailure {
    /// The config is wrong; nothing was started.
    #[error("{0}")]
    Config(#[from] Problems),
    /// The unit or topology isn't in the config; nothing was started.
    #[error("{0}")]
    Layout(#[from] LayoutError),
    /// A service needs one that the app doesn't have; nothing was started.
    #[error(
        "`{service}` needs `{contract}`, and this app has no such service\n  fix: add `.service::<…>()` for it in main"
    )]
    Missing {
        /// The service.
        service: ServiceId,
        /// The contract that it needs.
        contract: &'static str,
    },
    /// A service's database can't be opened.
    #[error("service `{service}`: {reason}")]
    Database {
        /// The service.
        service: ServiceId,
        /// Why not, and what to do.
        reason: String,
    },
    /// An address can't be used.
    #[error("can't {what} on {address}: {reason}")]
    Address {
        /// `serve HTTP` or `listen`.
        what: &'static str,
        /// The address.
        address: Address,
        /// The system's reason.
        reason: String,
    },
    /// The system refuses threads, files or sockets.
    #[error("the system refuses what the unit needs: {0}")]
    System(#[from] std::io::Error),
}

impl StartFailure {
    /// Whether the config must be mended first: exit code 2.
    pub const fn is_config(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Layout(_) | Self::Missing { .. })
    }
}
