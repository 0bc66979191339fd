//! The sockets of a unit's edge: taken by itself, or handed to it by who shares them among instances.

use std::net::{SocketAddr, ToSocketAddrs};

use seam_gateway::{EdgeListener, EdgeListeners};

use super::StartFailure;
use super::failure::{Taker, unbound};
use crate::config::{Address, Config, UnitLayout};

/// The sockets of a unit's edge.
#[derive(Debug, Default)]
pub(crate) struct EdgeSockets {
    /// Of `http`.
    pub(crate) http: Option<EdgeListener>,
    /// Of `https`.
    pub(crate) https: Option<EdgeListener>,
}

impl EdgeSockets {
    /// These, and those that are missing are taken for this unit alone.
    pub(super) fn or_taken(self, layout: &UnitLayout, taker: Taker) -> Result<Self, StartFailure> {
        let taken = |shared: Option<EdgeListener>, key, address: &Option<Address>| match address {
            Some(_) if shared.is_some() => Ok(shared),
            Some(address) => listen(address, key, &layout.unit, taker).map(Some),
            None => Ok(None),
        };
        Ok(Self {
            http: taken(self.http, "http", &layout.http)?,
            https: taken(self.https, "https", &layout.https)?,
        })
    }

    /// With the certificate of `https`.
    pub(super) fn into_listeners(self, config: &Config) -> Result<EdgeListeners, StartFailure> {
        let Self { http, https } = self;
        let https = match (https, &config.edge.tls) {
            (Some(listener), Some(tls)) => {
                let opened =
                    tls.open().map_err(|problem| StartFailure::EdgeCertificate(problem.into()));
                Some((listener, opened?))
            }
            // Config has made sure that there is one.
            _ => None,
        };
        Ok(EdgeListeners { http, https })
    }
}

/// Takes an address of a unit's edge, which the config has under `key`; `taker` is who does it, for
/// the error's words.
pub(crate) fn listen(
    address: &Address,
    key: &'static str,
    unit: &str,
    taker: Taker,
) -> Result<EdgeListener, StartFailure> {
    let bound = resolve(address).and_then(EdgeListener::bind);
    bound.map_err(|error| StartFailure::Address {
        what: "serve HTTP",
        address: address.clone(),
        reason: unbound(&error, unit, key, address, taker),
    })
}

/// An edge serves one socket: the first address that the host's name stands for.
fn resolve(address: &Address) -> std::io::Result<SocketAddr> {
    let Address::Tcp { host, port } = address else {
        return Err(std::io::Error::other("the edge serves HOST:PORT, no Unix socket"));
    };
    let none = || std::io::Error::other("the name stands for no address");
    (host.as_str(), *port).to_socket_addrs()?.next().ok_or_else(none)
}
