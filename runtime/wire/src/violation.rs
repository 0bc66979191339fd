//! How a peer can break the protocol, and how we can be asked to.

use std::convert::Infallible;

use crate::frame::CallId;

/// The peer broke the protocol. The connection is closed: nothing after this can be trusted.
///
/// It is `Copy`, so that the path without one has nothing to drop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Violation {
    /// A length beyond what this side said that it takes.
    #[error("a frame of {length} bytes, where at most {cap} are taken")]
    FrameTooLarge {
        /// What the length field says, the field itself included.
        length: u64,
        /// The largest frame taken here.
        cap: usize,
    },
    /// A kind of frame that this version of the protocol doesn't know, and that isn't to be passed by.
    #[error("an unknown kind of frame: {0}")]
    UnknownKind(u8),
    /// The frame ends before its contents do.
    #[error("the frame ends within its {0}")]
    Truncated(&'static str),
    /// The frame goes on after its contents.
    #[error("the frame has {0} bytes too many")]
    TrailingBytes(usize),
    /// A reserved bit or byte is set.
    #[error("reserved bits are set in the {0}")]
    Reserved(&'static str),
    /// A text is not UTF-8.
    #[error("the {0} is not UTF-8")]
    NotText(&'static str),
    /// A count or length beyond its cap.
    #[error("{what} of {length}, where at most {cap} are taken")]
    TooLong {
        /// Of what there is too much.
        what: &'static str,
        /// How much there is.
        length: usize,
        /// How much is taken.
        cap: usize,
    },
    /// The first bytes are not those of a hello: something else is calling.
    #[error("no seam hello: the first bytes are something else")]
    BadMagic,
    /// The hello's layout isn't the one that all versions share.
    #[error("a hello of layout {theirs}, where {ours} is spoken: run releases that share one")]
    Version {
        /// The peer's.
        theirs: u16,
        /// This build's.
        ours: u16,
    },
    /// The peer speaks no version of the protocol that this build speaks.
    #[error(
        "protocol versions {lowest} to {highest}, where {} to {} are spoken: run releases that \
         share one",
        crate::frame::FIRST_VERSION,
        crate::frame::PROTOCOL_VERSION
    )]
    NoCommonVersion {
        /// The lowest version that the peer speaks.
        lowest: u16,
        /// The highest version that the peer speaks.
        highest: u16,
    },
    /// The peer takes only frames so small that no failure would fit.
    #[error("the peer takes frames of {0} bytes at most, which is less than a head")]
    FrameCapTooSmall(u32),
    /// The peer is of another app.
    #[error("the peer is of another app: correct its address, or the app's name")]
    OtherApp,
    /// Something else came where the hello belongs.
    #[error("the first frame is no hello")]
    HelloExpected,
    /// A second hello came.
    #[error("a second hello")]
    HelloTwice,
    /// Call ids must grow.
    #[error("call id {id:?} after {last:?}: ids must grow")]
    CallIdNotGrowing {
        /// The id that came.
        id: CallId,
        /// The last one before it.
        last: CallId,
    },
    /// A call of a service or method that the hello did not list.
    #[error("a call of method {method} of service {service}, which the hello doesn't list")]
    NoSuchMethod {
        /// Its service's number.
        service: u16,
        /// Its method's number.
        method: u16,
    },
    /// More calls in flight than were granted.
    #[error("more calls in flight than the {granted} granted")]
    CreditExceeded {
        /// How many were granted.
        granted: u32,
    },
    /// A grant beyond any sensible window.
    #[error("credit for more than {} calls", crate::limits::MAX_WINDOW)]
    CreditOverflow,
    /// An answer to a call that isn't in flight.
    #[error("an answer to call {0:?}, which is not in flight")]
    NoSuchCall(CallId),
}

/// A frame can't be written: it would break a cap that the peer checks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError<E = Infallible> {
    /// The frame would be larger than the peer takes.
    #[error("a frame of {length} bytes, where the peer takes at most {cap}: send less at a time")]
    FrameTooLarge {
        /// The frame's length.
        length: usize,
        /// The largest frame that the peer takes.
        cap: usize,
    },
    /// A count or length beyond its cap.
    #[error("{what} of {length}, where at most {cap} can be sent")]
    TooLong {
        /// Of what there is too much.
        what: &'static str,
        /// How much there is.
        length: usize,
        /// How much can be sent.
        cap: usize,
    },
    /// The body could not be encoded.
    #[error("{0}")]
    Body(E),
}
