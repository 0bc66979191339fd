//! Where a unit listens.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

/// The address of a unit's listener: `127.0.0.1:7102`, `pay.internal:7102`, `[::1]:7102` or
/// `unix:/run/shop/pay.sock`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host (a name or an IP address) and a port, over TCP.
    Tcp {
        /// The host; an IPv6 address without its brackets.
        host: String,
        /// The port; 0 lets the system choose when listening.
        port: u16,
    },
    /// A Unix socket at this path.
    Unix(PathBuf),
}

/// A text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no address: write HOST:PORT or unix:PATH")]
pub struct AddressError(String);

/// A listener would be open to other machines, and nothing protects it yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is open to other machines, and calls aren't encrypted yet: listen on 127.0.0.1, [::1] or \
     unix:PATH"
)]
pub struct BeyondLoopback(Address);

impl Address {
    /// Whether only this machine can reach it. A name other than `localhost` may mean anything.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => match host.parse::<IpAddr>() {
                Ok(ip) => ip.is_loopback(),
                Err(_) => host == "localhost",
            },
        }
    }

    /// Refuses to listen where other machines can reach it, until transport security exists.
    ///
    /// # Errors
    ///
    /// If it isn't local.
    pub fn check_listen(&self) -> Result<(), BeyondLoopback> {
        if self.is_local() { Ok(()) } else { Err(BeyondLoopback(self.clone())) }
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let wrong = || AddressError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self::Unix(path.into())) };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().map_err(|_| wrong())?;
        let host = match host.strip_prefix('[').map(|host| host.strip_suffix(']')) {
            Some(Some(ip)) if ip.parse::<std::net::Ipv6Addr>().is_ok() => ip,
            None if !host.is_empty() && host.bytes().all(is_host) => host,
            _ => return Err(wrong()),
        };
        Ok(Self::Tcp { host: host.to_owned(), port })
    }
}

const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_they_write() {
        for (text, local) in [
            ("127.0.0.1:7102", true),
            ("localhost:0", true),
            ("[::1]:7102", true),
            ("unix:/run/shop/pay.sock", true),
            ("0.0.0.0:7102", false),
            ("[::]:7102", false),
            ("pay.internal:7102", false),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!(address.to_string(), text);
            assert_eq!(
                (address.is_local(), address.check_listen().is_ok()),
                (local, local),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in
            ["", "7102", ":7102", "host:", "host:99999", "::1:7102", "[::1:7102", "unix:", "a b:1"]
        {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
