//! Streams to other units: addresses, and what opens them.

mod address;
mod peer;
mod pipe;
mod quiet;
mod refusal;
mod sockets;
mod tls;
mod transport;

pub use self::address::{Address, AddressError, BeyondLoopback};
pub use self::peer::{Peer, PeerIdentity};
pub(crate) use self::pipe::Pipe;
pub use self::refusal::Refusal;
pub use self::sockets::Sockets;
pub use self::tls::{CertificateError, Tls, spiffe_id};
pub use self::transport::{Accepting, Io, Opening, Stream, Transport};
