//! The small frames: cancel, credit, ping, pong and go-away.

use std::convert::Infallible;

use super::bytes::{Reader, cut, put_text16};
use super::{CallId, PREFIX, kind, whole};
use crate::limits::{MAX_HEAD, MAX_TEXT};
use crate::violation::{EncodeError, Violation};

/// How many more calls the sender lets the receiver have in flight, from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credit(pub u32);

/// The sender is leaving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoAway<'a> {
    /// The last call that the sender took. It executes none after it, and answers all up to it.
    pub last: CallId,
    /// Why it leaves.
    pub reason: GoAwayReason,
    /// The same for people; at most 256 bytes.
    pub text: &'a str,
}

/// Why a side leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoAwayReason {
    /// It is being stopped, and finishes what it has.
    Draining,
    /// The peer broke the protocol.
    Violation,
    /// The peer is of another app.
    OtherApp,
    /// It stood still for so long that nothing it was sent meanwhile is to be trusted to be in time.
    StoodStill,
    /// Something that this build doesn't know.
    Other(u8),
}

impl GoAwayReason {
    const fn code(self) -> u8 {
        match self {
            Self::Draining => 1,
            Self::Violation => 2,
            Self::OtherApp => 3,
            Self::StoodStill => 4,
            Self::Other(code) => code,
        }
    }

    const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::Draining,
            2 => Self::Violation,
            3 => Self::OtherApp,
            4 => Self::StoodStill,
            code => Self::Other(code),
        }
    }
}

impl Credit {
    pub(super) fn decode(mut reader: Reader<'_>) -> Result<Self, Violation> {
        let credit = Self(reader.u32("credit")?);
        reader.end()?;
        Ok(credit)
    }
}

impl<'a> GoAway<'a> {
    pub(super) fn decode(mut reader: Reader<'a>) -> Result<Self, Violation> {
        let reason = GoAwayReason::from_code(reader.u8("go-away")?);
        let last = CallId(reader.u64("call id")?);
        let text = reader.text16(MAX_TEXT, "go-away")?;
        reader.end()?;
        Ok(Self { last, reason, text })
    }
}

/// A frame that holds one number.
pub(super) fn decode_number(mut reader: Reader<'_>, what: &'static str) -> Result<u64, Violation> {
    let number = reader.u64(what)?;
    reader.end()?;
    Ok(number)
}

fn encode_number(out: &mut Vec<u8>, kind: u8, number: u64) {
    let mut frame = [0; PREFIX + 8];
    frame[0] = 1 + 8;
    frame[4] = kind;
    frame[PREFIX..].copy_from_slice(&number.to_le_bytes());
    out.extend_from_slice(&frame);
}

/// Appends a cancel: the caller of `id` wants no answer any more.
pub fn encode_cancel(out: &mut Vec<u8>, id: CallId) {
    encode_number(out, kind::CANCEL, id.0);
}

/// Appends a ping; `token` comes back in the pong.
pub fn encode_ping(out: &mut Vec<u8>, token: u64) {
    encode_number(out, kind::PING, token);
}

/// Appends the answer to a ping.
pub fn encode_pong(out: &mut Vec<u8>, token: u64) {
    encode_number(out, kind::PONG, token);
}

/// Appends a credit.
pub fn encode_credit(out: &mut Vec<u8>, credit: Credit) {
    let mut frame = [0; PREFIX + 4];
    frame[0] = 1 + 4;
    frame[4] = kind::CREDIT;
    frame[PREFIX..].copy_from_slice(&credit.0.to_le_bytes());
    out.extend_from_slice(&frame);
}

/// Appends a go-away; a longer text is cut.
pub fn encode_go_away(out: &mut Vec<u8>, go_away: &GoAway<'_>) {
    let fits: Result<(), EncodeError<Infallible>> = whole(out, MAX_HEAD, |out| {
        out.extend_from_slice(&[0, 0, 0, 0, kind::GO_AWAY, go_away.reason.code()]);
        out.extend_from_slice(&go_away.last.0.to_le_bytes());
        put_text16(out, cut(go_away.text, MAX_TEXT), MAX_TEXT, "go-away")
    });
    debug_assert!(fits.is_ok(), "the text was cut to its cap");
}
