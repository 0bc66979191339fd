//! The floor's frames, little-endian.
//!
//! | call | | reply | |
//! | --- | --- | --- | --- |
//! | length of the rest | u32 | length of the rest | u32 |
//! | call id | u64 | call id | u64 |
//! | service | u16 | body | … |
//! | method | u16 | | |
//! | remaining deadline, ms | u64 | | |
//! | trace: id, span, flags | 16 + 8 + 1 | | |
//! | body | … | | |

use anyhow::{Context, ensure};
use bytes::{Buf, BufMut};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The method ids of the only service.
pub(crate) const TINY: u16 = 0;
pub(crate) const PRICE: u16 = 1;

/// No frame is believed beyond this.
const MAX_FRAME: usize = 1 << 20;

/// What precedes a call's body, without the length.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) call: u64,
    pub(crate) service: u16,
    pub(crate) method: u16,
    pub(crate) deadline_ms: u64,
    pub(crate) trace: Trace,
}

/// A W3C trace context.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Trace {
    pub(crate) id: u128,
    pub(crate) span: u64,
    pub(crate) flags: u8,
}

const HEADER: usize = 8 + 2 + 2 + 8 + 16 + 8 + 1;

/// Appends a call.
pub(crate) fn put_call(
    out: &mut Vec<u8>,
    header: Header,
    body: &impl Serialize,
) -> anyhow::Result<()> {
    framed(out, |out| {
        out.put_u64_le(header.call);
        out.put_u16_le(header.service);
        out.put_u16_le(header.method);
        out.put_u64_le(header.deadline_ms);
        out.put_u128_le(header.trace.id);
        out.put_u64_le(header.trace.span);
        out.put_u8(header.trace.flags);
        encode(body, out)
    })
}

/// Appends a reply.
pub(crate) fn put_reply(out: &mut Vec<u8>, call: u64, body: &impl Serialize) -> anyhow::Result<()> {
    framed(out, |out| {
        out.put_u64_le(call);
        encode(body, out)
    })
}

/// The next whole frame and the bytes after it, if it is here yet.
pub(crate) fn split(mut bytes: &[u8]) -> anyhow::Result<Option<(&[u8], &[u8])>> {
    if bytes.len() < 4 {
        return Ok(None);
    }
    let length = bytes.get_u32_le() as usize;
    ensure!(length <= MAX_FRAME, "a frame of {length} bytes");
    Ok(bytes.split_at_checked(length))
}

/// A call's header and body.
pub(crate) fn call(mut frame: &[u8]) -> anyhow::Result<(Header, &[u8])> {
    ensure!(frame.len() >= HEADER, "a call without a whole header");
    let header = Header {
        call: frame.get_u64_le(),
        service: frame.get_u16_le(),
        method: frame.get_u16_le(),
        deadline_ms: frame.get_u64_le(),
        trace: Trace { id: frame.get_u128_le(), span: frame.get_u64_le(), flags: frame.get_u8() },
    };
    Ok((header, frame))
}

/// A reply's call id and body.
pub(crate) fn reply(mut frame: &[u8]) -> anyhow::Result<(u64, &[u8])> {
    ensure!(frame.len() >= 8, "a reply without a call id");
    let call = frame.get_u64_le();
    Ok((call, frame))
}

/// A body's value.
pub(crate) fn decode<T: DeserializeOwned>(body: &[u8]) -> anyhow::Result<T> {
    let (value, read) =
        bincode::serde::decode_from_slice(body, config()).context("decoding a body")?;
    ensure!(read == body.len(), "bytes after a body");
    Ok(value)
}

fn encode(body: &impl Serialize, mut out: &mut Vec<u8>) -> anyhow::Result<()> {
    bincode::serde::encode_into_std_write(body, &mut out, config()).context("encoding a body")?;
    Ok(())
}

/// Fixed integers: twice the bytes of varints, and less CPU.
fn config() -> impl bincode::config::Config {
    bincode::config::legacy().with_limit::<MAX_FRAME>()
}

fn framed(
    out: &mut Vec<u8>,
    fill: impl FnOnce(&mut Vec<u8>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let start = out.len();
    out.put_u32_le(0);
    fill(out)?;
    let length = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    Ok(())
}
