//! Who is at the other end of a connection that was accepted, and how that was proved.

use std::fmt;

/// Who dialled a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Peer {
    /// Where it dialled from, for people: its address, or this side's where it has none.
    pub address: String,
    /// Who it was proved to be; `None` if nothing proves it.
    pub identity: Option<PeerIdentity>,
}

/// An identity, by its proof.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerIdentity {
    /// A process of this machine, as the system says (`SO_PEERCRED`).
    Process {
        /// The user that it ran as when it dialled.
        uid: u32,
        /// Its process id then, where the system tells; another process may have it by now.
        pid: Option<i32>,
    },
    /// A unit of the app, by its certificate.
    Certificate {
        /// The unit of the certificate's URI.
        unit: String,
    },
}

impl Peer {
    /// A peer of whom nothing is proved.
    pub fn unproved(address: impl Into<String>) -> Self {
        Self { address: address.into(), identity: None }
    }

    /// A peer of whom this was proved.
    pub fn proved(address: impl Into<String>, identity: PeerIdentity) -> Self {
        Self { address: address.into(), identity: Some(identity) }
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address)?;
        match &self.identity {
            Some(identity) => write!(f, " ({identity})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for PeerIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process { uid, pid: Some(pid) } => write!(f, "uid {uid}, pid {pid}"),
            Self::Process { uid, pid: None } => write!(f, "uid {uid}"),
            Self::Certificate { unit } => write!(f, "certificate of unit {unit}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_says_where_and_who() {
        assert_eq!(Peer::unproved("127.0.0.1:4711").to_string(), "127.0.0.1:4711");
        let process = |pid| PeerIdentity::Process { uid: 1_000, pid };
        let peer = Peer::proved("unix:pay.sock", process(Some(7)));
        assert_eq!(peer.to_string(), "unix:pay.sock (uid 1000, pid 7)");
        assert_eq!(Peer::proved("a", process(None)).to_string(), "a (uid 1000)");
        let unit = PeerIdentity::Certificate { unit: "pay".into() };
        assert_eq!(Peer::proved("a", unit).to_string(), "a (certificate of unit pay)");
    }
}
