//! Why a unit can't start.

use seam_core::name::ServiceId;

use crate::config::{Address, LayoutError, Problems};

/// Why a unit can't start. Nothing of it runs on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartFailure {
    /// The config is wrong; nothing was started.
    #[error(transparent)]
    Config(#[from] Problems),
    /// The unit or topology isn't in the config; nothing was started.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The unit's certificate can't be used; nothing was started.
    #[error("{0}")]
    Certificate(Problems),
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
    /// A plug-in of the edge doesn't start.
    #[error("plug-in `{plugin}` of the edge doesn't start: {reason}")]
    Plugin {
        /// The plug-in.
        plugin: ServiceId,
        /// Why not.
        reason: String,
    },
    /// The certificate of the unit's edge can't be used.
    #[error("{0}")]
    EdgeCertificate(Problems),
    /// The unit's edge can't serve; nothing of it does.
    #[error("the edge can't serve: {0}")]
    Edge(seam_gateway::EdgeError),
    /// An address can't be used.
    #[error("can't {what} on {address}: {reason}")]
    Address {
        /// `serve HTTP` or `listen`.
        what: &'static str,
        /// The address.
        address: Address,
        /// The reason, and what to do.
        reason: String,
    },
    /// The system refuses threads, files or sockets.
    #[error("the system refuses what the unit needs: {0}")]
    System(std::io::Error),
}

// Without `#[from]`: that makes it a source, which chains of errors would say once more.
impl From<std::io::Error> for StartFailure {
    fn from(error: std::io::Error) -> Self {
        Self::System(error)
    }
}

impl StartFailure {
    /// Whether the config must be mended first: exit code 2.
    pub const fn is_config(&self) -> bool {
        matches!(self, Self::Config(_) | Self::Layout(_) | Self::Missing { .. })
    }
}

/// Who wants to take a unit's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taker {
    /// The process that has it for itself, or for all of the unit.
    Unit,
    /// One of several instances, which is started by hand.
    OneOfSeveral,
}

/// Why a unit's address can't be bound, with the way out; `key` is the one of `[units.…]` that
/// names it.
pub(super) fn unbound(
    error: &std::io::Error,
    unit: &str,
    key: &str,
    address: &Address,
    taker: Taker,
) -> String {
    let variable = format!("SEAM__UNITS__{}__{}", unit.replace('-', "_"), key).to_uppercase();
    let other = format!("name another in `{key}` of [units.{unit}], or by {variable}=…");
    match (error.kind(), address, taker) {
        (std::io::ErrorKind::AddrInUse, Address::Tcp { port, .. }, Taker::OneOfSeveral) => format!(
            "port {port} is taken, and only the instances that `up` starts share it\n  \
             fix: let `up` start it, by `instances` of [units.{unit}], or {other}"
        ),
        (std::io::ErrorKind::AddrInUse, Address::Tcp { port, .. }, Taker::Unit) => format!(
            "port {port} is taken\n  \
             fix: stop the program that has it (`ss -ltnp 'sport = :{port}'` names it), or {other}"
        ),
        (std::io::ErrorKind::AddrInUse, ..) => {
            format!("it is taken\n  fix: stop the program that has it, or {other}")
        }
        _ => format!("{error}\n  fix: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_says_who_to_stop_or_what_to_change() {
        let address = Address::Tcp { host: "127.0.0.1".into(), port: 8080 };
        let error = std::io::ErrorKind::AddrInUse.into();
        let reason = |taker| unbound(&error, "front-1", "http", &address, taker);
        let alone = reason(Taker::Unit);
        let failure =
            StartFailure::Address { what: "serve HTTP", address: address.clone(), reason: alone };
        assert_eq!(
            failure.to_string(),
            "can't serve HTTP on 127.0.0.1:8080: port 8080 is taken\n  fix: stop the program that \
             has it (`ss -ltnp 'sport = :8080'` names it), or name another in `http` of \
             [units.front-1], or by SEAM__UNITS__FRONT_1__HTTP=…"
        );
        assert!(!failure.is_config());
        let shared = reason(Taker::OneOfSeveral);
        assert!(shared.contains("only the instances that `up` starts share it"), "{shared}");
        assert!(shared.contains("`instances` of [units.front-1]"), "{shared}");
    }
}
