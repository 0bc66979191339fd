//! Addresses: where a unit listens, and where others reach it.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::PathBuf,
    str::FromStr,
};

use serde_json::{Value as Json, json};

use super::{
    tree::Node,
    value::{FromNode, Wrong},
};

/// The longest path of a Unix socket, by the kernel's `sun_path` less its closing zero.
const LONGEST_PATH: usize = 107;

/// An address in the config: `127.0.0.1:7102`, `[::1]:7102`, `localhost:7102` or `unix:PATH`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host, by address or name, and a port.
    Tcp {
        /// `127.0.0.1`, `::1`, `localhost`: without brackets.
        host: String,
        /// The port; 0 lets the system choose.
        port: u16,
    },
    /// The path of a Unix socket, relative to the working directory.
    Unix(PathBuf),
}

/// Why a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No colon between host and port, or nothing before it.
    #[error("it has no HOST:PORT: write e.g. \"127.0.0.1:7102\" or \"unix:run/pay.sock\"")]
    NoPort,
    /// The port isn't a number that fits.
    #[error("write its port as a number from 0 to 65535")]
    Port,
    /// A path that no Unix socket can have.
    #[error("a Unix socket's path has 1 to {LONGEST_PATH} bytes")]
    Path,
    /// A host with characters that no host has.
    #[error("write its host as an IP address (IPv6 in brackets: \"[::1]:7102\") or as a name")]
    Host,
}

impl Address {
    /// Whether only this machine reaches it: a Unix socket, `localhost` or a loopback address.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } if host.eq_ignore_ascii_case("localhost") => true,
            Self::Tcp { host, .. } => host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        }
    }

    /// Whether the system chooses the port, so that nobody can know it beforehand.
    pub fn is_any_port(&self) -> bool {
        matches!(self, Self::Tcp { port: 0, .. })
    }

    /// Whether not both can be listened on: the same path, or the same port on the same host or
    /// on a wildcard (`0.0.0.0`, `[::]`).
    pub fn clashes(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unix(one), Self::Unix(other)) => one == other,
            (Self::Tcp { host: one, port }, Self::Tcp { host: other, port: same }) => {
                *port != 0 && port == same && same_host(one, other)
            }
            _ => false,
        }
    }
}

fn same_host(one: &str, other: &str) -> bool {
    let ip = |host: &str| match host.to_ascii_lowercase().as_str() {
        "localhost" => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        host => host.parse::<IpAddr>().ok(),
    };
    match (ip(one), ip(other)) {
        (Some(one), Some(other)) => one == other || one.is_unspecified() || other.is_unspecified(),
        _ => one.eq_ignore_ascii_case(other),
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path.len() {
                1..=LONGEST_PATH => Ok(Self::Unix(path.into())),
                _ => Err(AddressError::Path),
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or(AddressError::NoPort)?;
        if host.is_empty() {
            return Err(AddressError::NoPort);
        }
        let digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| digits).ok_or(AddressError::Port)?;
        let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) if v6.parse::<Ipv6Addr>().is_ok() => v6,
            None if host.chars().all(letter) => host,
            _ => return Err(AddressError::Host),
        };
        Ok(Self::Tcp { host: host.into(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// An empty text stands for none, so that a variable can take an address away.
impl FromNode for Option<Address> {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = String::from_node(node)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error: AddressError| Wrong {
            reason: format!("{} is no address", node.describe()),
            fix: error.to_string(),
        })
    }

    fn show(&self) -> Json {
        json!(self.as_ref().map(Address::to_string).unwrap_or_default())
    }
}
