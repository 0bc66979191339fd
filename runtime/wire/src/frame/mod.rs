//! The frames: what they hold, and how they are written and read.
//!
//! Every frame is a length (`u32`, of what follows it), a kind (`u8`) and the kind's contents;
//! `PROTOCOL.md` has them byte by byte. Writing appends to a buffer of the caller's; reading borrows
//! from the buffer that the bytes came in.

mod bytes;
mod call;
mod control;
mod extension;
mod failure;
mod hello;
mod origin;
mod reply;
mod services;
mod versions;

pub use self::call::{CallHead, CallParts, Trace};
pub use self::control::{Credit, GoAway, GoAwayReason};
pub use self::extension::{Extension, Extensions, ExtensionsBuf, TRACESTATE};
pub use self::failure::{Failed, RetryAfter, Texts, encode_failure};
pub(crate) use self::hello::MAGIC;
pub use self::hello::{Hello, MethodOffer, ServiceOffer};
pub use self::origin::{ChainNames, Origin, OriginBuf, Who};
pub use self::reply::{ReplyKind, ReplyMark, encode_reply};
pub use self::services::{ServiceSet, ServiceSetBuf, encode_health, encode_offers};
pub use self::versions::{Capabilities, FIRST_VERSION, PROTOCOL_VERSION, Settled, Versions};

use self::bytes::Reader;
use crate::violation::{EncodeError, Violation};

/// The bytes of a frame's length field.
pub(crate) const LENGTH: usize = 4;
/// The bytes of a frame's length and kind.
pub(crate) const PREFIX: usize = LENGTH + 1;

/// A call's number on its connection, chosen by the caller. Each is greater than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CallId(pub u64);

/// A reply's id, what it is, and its body.
pub type ReplyParts<'a> = (CallId, ReplyMark, &'a [u8]);

/// The kinds of frames, as the fifth byte of a frame has them.
pub(crate) mod kind {
    pub(crate) const HELLO: u8 = 1;
    pub(crate) const CALL: u8 = 2;
    pub(crate) const REPLY: u8 = 3;
    pub(crate) const FAILURE: u8 = 4;
    pub(crate) const CANCEL: u8 = 5;
    pub(crate) const CREDIT: u8 = 6;
    pub(crate) const PING: u8 = 7;
    pub(crate) const PONG: u8 = 8;
    pub(crate) const GO_AWAY: u8 = 9;
    pub(crate) const OFFERS: u8 = 10;
    pub(crate) const HEALTH: u8 = 11;
    /// Kinds from here on are passed by where they aren't known.
    pub(crate) const PASSED_BY: u8 = 128;
}

/// One frame, borrowed from the buffer it was read into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frame<'a> {
    /// Who the peer is and what it offers; not decoded yet, see [`Hello::decode`].
    Hello(&'a [u8]),
    /// A call, and its arguments.
    Call(CallHead<'a>, &'a [u8]),
    /// The answer to a call, or the service's error, encoded.
    Reply(CallId, ReplyMark, &'a [u8]),
    /// A call failed outside of its service.
    Failure(CallId, Failed<'a>),
    /// The caller no longer wants an answer.
    Cancel(CallId),
    /// The callee takes more calls.
    Credit(Credit),
    /// Are you there?
    Ping(u64),
    /// I am, and heard this ping.
    Pong(u64),
    /// The peer is leaving: no calls after this one are executed.
    GoAway(GoAway<'a>),
    /// Which of the services in the peer's hello are active from now on.
    Offers(ServiceSet<'a>),
    /// Which of them are well from now on.
    Health(ServiceSet<'a>),
    /// Of a kind from 128 on that this build doesn't know: it means nothing here.
    Unknown(u8),
}

impl<'a> Frame<'a> {
    /// Reads the contents of a frame: everything after its length field.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes. Any bytes may come; none make this panic or allocate.
    #[inline]
    pub fn decode(contents: &'a [u8]) -> Result<Self, Violation> {
        let (kind, rest) = contents.split_first().ok_or(Violation::Truncated("kind"))?;
        let reader = Reader::new(rest);
        Ok(match *kind {
            kind::CALL => {
                let call = CallParts::decode(rest, Origin::PROGRAM)?;
                Self::Call(call.head(), call.body)
            }
            kind::REPLY => {
                let (id, mark, body) = reply::decode(rest)?;
                Self::Reply(id, mark, body)
            }
            kind::FAILURE => {
                let (id, failed) = failure::decode(reader)?;
                Self::Failure(id, failed)
            }
            kind::HELLO => Self::Hello(rest),
            kind::CANCEL => Self::Cancel(CallId(control::decode_number(reader, "cancel")?)),
            kind::CREDIT => Self::Credit(Credit::decode(reader)?),
            kind::PING => Self::Ping(control::decode_number(reader, "ping")?),
            kind::PONG => Self::Pong(control::decode_number(reader, "pong")?),
            kind::GO_AWAY => Self::GoAway(GoAway::decode(reader)?),
            kind::OFFERS => Self::Offers(ServiceSet::decode(rest)?),
            kind::HEALTH => Self::Health(ServiceSet::decode(rest)?),
            other @ kind::PASSED_BY.. => Self::Unknown(other),
            other => return Err(Violation::UnknownKind(other)),
        })
    }
}

impl<'a> Frame<'a> {
    /// A call, if the contents are a call's: what [`Frame::decode`] says, without a frame around it.
    /// Its origin is mostly that of the call `before` it, and needn't be checked again then.
    ///
    /// # Errors
    ///
    /// As [`Frame::decode`].
    #[inline(always)]
    pub fn as_call(
        contents: &'a [u8],
        before: Origin<'_>,
    ) -> Result<Option<CallParts<'a>>, Violation> {
        match contents.split_first() {
            Some((&kind::CALL, rest)) => CallParts::decode(rest, before).map(Some),
            _ => Ok(None),
        }
    }

    /// A reply's id, what it is, and its body, if the contents are a reply's.
    ///
    /// # Errors
    ///
    /// As [`Frame::decode`].
    #[inline(always)]
    pub fn as_reply(contents: &'a [u8]) -> Result<Option<ReplyParts<'a>>, Violation> {
        match contents.split_first() {
            Some((&kind::REPLY, rest)) => reply::decode(rest).map(Some),
            _ => Ok(None),
        }
    }
}

pub use self::control::{encode_cancel, encode_credit, encode_go_away, encode_ping, encode_pong};

/// Appends a frame that `write` writes, and its length, now that it is known. If it can't be written,
/// is too large, or `write` panics, `out` is as it was: half a frame would garble all that follow.
#[inline]
fn whole<E>(
    out: &mut Vec<u8>,
    cap: usize,
    write: impl FnOnce(&mut Vec<u8>) -> Result<(), EncodeError<E>>,
) -> Result<(), EncodeError<E>> {
    let mut frame = Undo { start: out.len(), out, keep: false };
    write(frame.out)?;
    let length = frame.out.len() - frame.start;
    if length > cap {
        return Err(EncodeError::FrameTooLarge { length, cap });
    }
    let contents = (length - LENGTH) as u32;
    frame.out[frame.start..frame.start + LENGTH].copy_from_slice(&contents.to_le_bytes());
    frame.keep = true;
    Ok(())
}

/// Takes back what was appended since, unless told to keep it.
struct Undo<'a> {
    out: &'a mut Vec<u8>,
    start: usize,
    keep: bool,
}

impl Drop for Undo<'_> {
    #[inline]
    fn drop(&mut self) {
        if !self.keep {
            self.out.truncate(self.start);
        }
    }
}
