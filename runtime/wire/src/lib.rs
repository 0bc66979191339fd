//! The wire of seam: frames without I/O, and the connections that carry them.
//!
//! Calls between two units share a few connections. On each, both sides say [`Hello`], then frames
//! go either way: calls, their answers, and small ones that keep order. `PROTOCOL.md` beside this
//! crate's manifest has every frame byte by byte.
//!
//! ```text
//!  client ─▶ RemoteService ─▶ Session ═══ frames ═══▶ Session ─▶ Inlet ─▶ turn
//!            (calls: under     │    Link's task        │   Server's task
//!             a short lock)    └ one write per batch   └ many frames per read
//! ```
//!
//! # Without I/O
//!
//! - [`Frame`] is one frame, borrowed from the bytes that it came in; [`FrameBuffer`] cuts a stream
//!   of bytes into frames.
//! - [`Session`] is one side of a connection as a state machine: it is told frames and the time, and
//!   says what they mean. Call ids, credit, deadlines, pings and leaving live there.
//! - [`agree`] compares contracts, so that a call can name its method by a small number.
//!
//! # With I/O
//!
//! - [`Server`] listens. Each connection is one task: it takes the frames of a read in their order
//!   and lets each call into its [`Inlet`](seam_core::remote::Inlet) right there; answers that are
//!   ready at once go straight to the output, the others are polled on the same task when woken.
//! - [`Link`] dials another unit, again and again for ever. Its [`RemoteService`]s are the core's
//!   [`Remote`](seam_core::remote::Remote)s: a call is encoded on the caller's thread, under a short
//!   lock, into what the link's task writes next. One task reads, writes and keeps all deadlines of
//!   the connection with one timer. What the edge calls leaves by connections of its threads'
//!   own, which follow the link's.
//! - [`Offers`] says which of a server's services are active, which a [`RemoteService`] is told.
//! - What waited in a connection while the process stood still is neither served nor sent: [`standstill`].
//! - [`Transport`] opens streams: [`Sockets`] for TCP and Unix sockets, [`Tls`] for TCP with
//!   certificates, or a simulation. A [`Peer`] is who was accepted, and how that was proved.
//!
//! Whatever comes from outside is checked against the caps of [`limits`] before it is believed; what
//! breaks the protocol is a [`Violation`], and ends its connection only.

pub mod limits;
pub mod standstill;

mod agree;
mod alarm;
mod buffer;
mod closed;
mod convert;
mod fair;
mod frame;
mod identity;
mod link;
mod net;
mod server;
mod session;
mod slots;
mod violation;

pub use self::agree::{MethodState, ServiceTable, agree};
pub use self::buffer::FrameBuffer;
pub use self::frame::{
    CallHead, CallId, CallParts, Capabilities, ChainNames, Credit, Extension, Extensions,
    ExtensionsBuf, FIRST_VERSION, Failed, Frame, GoAway, GoAwayReason, Hello, MethodOffer, Origin,
    OriginBuf, PROTOCOL_VERSION, ReplyKind, ReplyMark, ReplyParts, RetryAfter, ServiceOffer,
    ServiceSet, ServiceSetBuf, Settled, TRACESTATE, Texts, Trace, Versions, Who, encode_cancel,
    encode_credit, encode_failure, encode_go_away, encode_health, encode_offers, encode_ping,
    encode_pong, encode_reply,
};
pub use self::identity::Identity;
pub use self::link::{Link, LinkConfig, LinkState, Offering, RemoteService};
pub use self::net::{
    Accepting, Address, AddressError, BeyondLoopback, CertificateError, Io, Opening, Peer,
    PeerIdentity, Refusal, Sockets, Stream, Tls, Transport, spiffe_id,
};
pub use self::server::{
    ListenError, MAX_CONNECTIONS, MAX_HANDSHAKES, Offers, Server, ServerConfig,
};
pub use self::session::{Event, Fate, NotSent, Session, TooSilent};
pub use self::violation::{EncodeError, Violation};
