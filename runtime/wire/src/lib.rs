//! The wire of seam: frames without I/O, and the connections that carry them.
//!
//! Calls between two units share a few connections. On each, both sides say [`Hello`], then frames
//! go either way: calls, their answers, and small ones that keep order. `PROTOCOL.md` beside this
//! crate's manifest has every frame byte by byte.
//!
//! # Without I/O
//!
//! - [`Frame`] is one frame, borrowed from the bytes that it came in; [`FrameBuffer`] cuts a stream
//!   of bytes into frames.
//! - [`Session`] is one side of a connection as a state machine: it is told frames and the time, and
//!   says what they mean. Call ids, credit, deadlines, pings and leaving live there.
//! - [`agree`] compares contracts, so that a call can name its method by a small number.
//!
//! Whatever comes from outside is checked against the caps of [`limits`] before it is believed; what
//! breaks the protocol is a [`Violation`], and ends its connection only.

pub mod limits;

mod agree;
mod buffer;
mod frame;
mod session;
mod time;
mod violation;

pub use self::agree::{MethodState, ServiceTable, agree};
pub use self::buffer::FrameBuffer;
pub use self::frame::{
    CallHead, CallId, Chain, ChainNames, Credit, Failed, Frame, GoAway, GoAwayReason, Hello,
    MethodOffer, PROTOCOL_VERSION, ReplyKind, RetryAfter, ServiceOffer, Texts, Trace,
    encode_cancel, encode_credit, encode_failure, encode_go_away, encode_ping, encode_pong,
    encode_reply,
};
pub use self::session::{Event, Fate, NotSent, Session, TooSilent};
pub use self::time::Moment;
pub use self::violation::{EncodeError, Violation};
