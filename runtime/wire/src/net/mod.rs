//! Streams to other units: addresses, and what opens them.

mod address;
mod peer;
mod pipe;
mod quiet;
mod sockets;
mod transport;

pub use self::address::{Address, AddressError, BeyondLoopback};
pub use self::peer::{Peer, PeerIdentity};
pub(crate) use self::pipe::Pipe;
pub use self::sockets::Sockets;
pub use self::transport::{Accepting, Io, Opening, Stream, Transport};
