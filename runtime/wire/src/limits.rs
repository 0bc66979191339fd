//! What the wire takes from outside at most. Every cap is checked before anything is allocated.

use std::time::Duration;

use seam_core::context::{HOP_LIMIT, Principal, TraceState};
use seam_core::name::MAX_NAME_LEN;

/// The largest frame, its length field included.
pub const MAX_FRAME: usize = 4 << 20;

/// The largest head: all of a call or failure but the body.
pub const MAX_HEAD: usize = 8 << 10;

/// The largest hello frame: some thousand services of a few methods each.
pub const MAX_HELLO: usize = 256 << 10;

/// Services that one hello may list.
pub const MAX_SERVICES: usize = 4_096;

/// The longest contents of an offers frame: a bit per service.
pub const MAX_OFFERS: usize = MAX_SERVICES / 8;

/// Methods that one service may list.
pub const MAX_METHODS: usize = 1_024;

/// The longest name (of an app, unit, release, service, version or method), in bytes.
pub const MAX_NAME: usize = 128;

/// The longest call chain, in services: the hop limit.
pub const MAX_CHAIN: usize = 32;

/// Entries that the extensions of one head or hello may have.
pub const MAX_EXTENSIONS: usize = 16;

/// The longest extensions of one head or hello, in bytes: their number, ids, lengths and values.
pub const MAX_EXTENSIONS_LEN: usize = 1 << 10;

/// The longest principal, in bytes. Releases from before it was known at the edge take 256.
pub const MAX_PRINCIPAL: usize = Principal::MAX_LEN;

/// Texts that one failure may carry: as many as the longest cycle has names.
pub const MAX_TEXTS: usize = MAX_CHAIN + 1;

/// The longest text of a failure or a go-away, in bytes.
pub const MAX_TEXT: usize = 256;

/// The most calls that a connection may ever have in flight, whatever credit a peer grants.
pub const MAX_WINDOW: u32 = 1 << 16;

/// How many calls a side lets the other have in flight, unless told otherwise.
pub const DEFAULT_WINDOW: u32 = 1_024;

// What the core lets pass, the wire can carry.
const _: () =
    assert!(MAX_CHAIN == HOP_LIMIT, "a chain that may be made can't be sent, or none as long");
const _: () = assert!(MAX_NAME_LEN <= MAX_NAME, "a service's name can't be sent");
const _: () = assert!(TraceState::MAX_LEN + 5 <= MAX_EXTENSIONS_LEN, "a tracestate can't be sent");

/// How long one side of a connection waits for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// How long the other side may take for its hello; default 5 s.
    pub handshake: Duration,
    /// Silence after which this side pings; default 1 s.
    pub ping_after: Duration,
    /// Silence after which the other side is taken for dead; default 2 s.
    pub dead_after: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(5),
            ping_after: Duration::from_secs(1),
            dead_after: Duration::from_secs(2),
        }
    }
}
