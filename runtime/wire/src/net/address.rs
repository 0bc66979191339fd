//! Where a unit listens, and where others reach it.

use std::ffi::OsStr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::str::FromStr;

/// The longest path of a Unix socket, by the kernel's `sun_path` less its closing zero.
const LONGEST_PATH: usize = 107;

/// The address of a listener: `127.0.0.1:7102`, `pay.internal:7102`, `[::1]:7102` or
/// `unix:/run/shop/pay.sock`. Config, links and listeners read it by this one type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Address {
    /// A host (a name or an IP address) and a port, over TCP.
    Tcp {
        /// The host; an IPv6 address without its brackets.
        host: String,
        /// The port; 0 lets the system choose when listening.
        port: u16,
    },
    /// A Unix socket at this path, relative to the working directory.
    Unix(PathBuf),
}

/// Why a text is no address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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

/// A listener would be open to other machines, and nothing protects it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is open to other machines, and nothing proves who calls: use TLS, or listen on 127.0.0.1, \
     [::1] or unix:PATH"
)]
pub struct BeyondLoopback(Address);

impl Address {
    /// Whether only this machine reaches it: a Unix socket, `localhost` in any case, or a loopback
    /// address. Another name may mean anything.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } => ip(host).is_some_and(|ip| ip.is_loopback()),
        }
    }

    /// Refuses to listen where other machines can reach it.
    ///
    /// # Errors
    ///
    /// If it isn't local.
    pub fn check_listen(&self) -> Result<(), BeyondLoopback> {
        if self.is_local() { Ok(()) } else { Err(BeyondLoopback(self.clone())) }
    }

    /// Whether the system chooses the port, so that nobody can know it beforehand.
    pub const fn is_any_port(&self) -> bool {
        matches!(self, Self::Tcp { port: 0, .. })
    }

    /// The address of a unit's instance, by that of its instance 0: the port plus `instance`, or the
    /// path with the number in its name, `pay.sock` and `pay.1.sock`. Port 0 stays what it is. `None`
    /// if there is no such port or path.
    pub fn of_instance(&self, instance: u16) -> Option<Self> {
        match self {
            _ if instance == 0 || self.is_any_port() => Some(self.clone()),
            Self::Tcp { host, port } => {
                Some(Self::Tcp { host: host.clone(), port: port.checked_add(instance)? })
            }
            Self::Unix(path) => {
                let ending = path.extension().map(OsStr::to_string_lossy);
                let ending = ending.map_or_else(String::new, |ending| format!(".{ending}"));
                let stem = path.file_stem()?.to_str()?;
                let path = path.with_file_name(format!("{stem}.{instance}{ending}"));
                (path.as_os_str().len() <= LONGEST_PATH).then_some(Self::Unix(path))
            }
        }
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

/// What a host stands for, if that is known without asking.
fn ip(host: &str) -> Option<IpAddr> {
    if host.eq_ignore_ascii_case("localhost") {
        return Some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    host.parse().ok()
}

fn same_host(one: &str, other: &str) -> bool {
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
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(v6) if v6.parse::<Ipv6Addr>().is_ok() => v6,
            None if host.bytes().all(is_host) => host,
            _ => return Err(AddressError::Host),
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
            ("127.9.9.9:1", true),
            ("localhost:0", true),
            ("LocalHost:7102", true),
            ("[::1]:7102", true),
            ("unix:/run/shop/pay.sock", true),
            ("0.0.0.0:7102", false),
            ("[::]:7102", false),
            ("10.0.0.1:1", false),
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
    fn what_is_no_address_is_refused_and_told_why() {
        let long = format!("unix:{}", "x".repeat(108));
        for (text, error) in [
            ("", AddressError::NoPort),
            ("8080", AddressError::NoPort),
            (":8080", AddressError::NoPort),
            ("a:70000", AddressError::Port),
            ("a:+1", AddressError::Port),
            ("a:", AddressError::Port),
            ("::1:80", AddressError::Host),
            ("[::1:80", AddressError::Host),
            ("[x]:80", AddressError::Host),
            ("a b:80", AddressError::Host),
            ("unix:", AddressError::Path),
            (&long, AddressError::Path),
        ] {
            assert_eq!(text.parse::<Address>(), Err(error), "{text}");
        }
    }

    #[test]
    fn instances_have_addresses_of_their_own() {
        let of = |text: &str, instance| {
            let address = text.parse::<Address>().unwrap().of_instance(instance);
            address.map(|address| address.to_string()).unwrap_or_default()
        };
        assert_eq!(of("127.0.0.1:7300", 0), "127.0.0.1:7300");
        assert_eq!(of("[::1]:7300", 4), "[::1]:7304");
        assert_eq!(of("127.0.0.1:0", 4), "127.0.0.1:0");
        assert_eq!(of("127.0.0.1:65534", 1), "127.0.0.1:65535");
        assert_eq!(of("127.0.0.1:65534", 2), "");
        assert_eq!(of("unix:run.d/pay.sock", 2), "unix:run.d/pay.2.sock");
        assert_eq!(of("unix:run.d/pay", 63), "unix:run.d/pay.63");
        assert_eq!(of(&format!("unix:{}", "x".repeat(106)), 1), "");
    }

    #[test]
    fn what_can_not_both_be_listened_on_clashes() {
        let address = |text: &str| text.parse::<Address>().unwrap();
        let clashes = |one: &str, other: &str| address(one).clashes(&address(other));
        assert!(clashes("127.0.0.1:1", "0.0.0.0:1"));
        assert!(clashes("[::]:1", "LocalHost:1"));
        assert!(clashes("unix:a", "unix:a"));
        assert!(!clashes("127.0.0.1:0", "127.0.0.1:0"));
        assert!(!clashes("127.0.0.1:1", "127.0.0.1:2"));
        assert!(!clashes("127.0.0.1:1", "127.0.0.2:1"));
    }
}
