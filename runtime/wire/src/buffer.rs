//! Bytes in, frames out: the buffer that a connection reads into.

use crate::frame::{Frame, LENGTH, MAGIC, PREFIX, kind};
use crate::limits::{MAX_FRAME, MAX_HELLO};
use crate::violation::Violation;

/// What the buffer holds on an idle connection, in bytes.
const SMALL: usize = 4 << 10;
/// What it grows to under load, so that one read takes many frames.
const LARGE: usize = 64 << 10;
/// The first bytes of a hello's contents.
const GREETING: [u8; 5] = [kind::HELLO, MAGIC[0], MAGIC[1], MAGIC[2], MAGIC[3]];

/// Collects bytes until they are frames.
///
/// It grows with the bytes that came, never with the lengths that they claim, and stays below the
/// largest frame and a bit. Something other than a hello is refused at its first wrong byte.
#[derive(Debug)]
pub struct FrameBuffer {
    /// All initialised; bytes `start..end` came and wait to be read.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    max_frame: usize,
    /// What the next frame may have: a hello has a cap of its own.
    cap: usize,
    greeting: bool,
    /// The last read filled all the room there was: more is likely waiting.
    filled: bool,
}

impl FrameBuffer {
    /// An empty buffer, which expects a hello first and takes frames of up to `max_frame` bytes.
    pub fn new(max_frame: u32) -> Self {
        let max_frame = (max_frame as usize).min(MAX_FRAME);
        let cap = MAX_HELLO;
        Self { bytes: Vec::new(), start: 0, end: 0, max_frame, cap, greeting: true, filled: false }
    }

    /// Room to read into, never empty. Say with [`FrameBuffer::filled`] how much of it was.
    pub fn room(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        let short = self.bytes.len() - self.end < SMALL / 2;
        if short && self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let short = self.bytes.len() - self.end < SMALL / 2;
        let eager = self.filled && self.bytes.len() < LARGE;
        if short || eager {
            let size = (self.bytes.len() * 2).clamp(SMALL, self.max_frame + SMALL);
            self.bytes.resize(size.max(self.end + SMALL / 2), 0);
        }
        self.filled = false;
        &mut self.bytes[self.end..]
    }

    /// The first `n` bytes of the room were filled.
    pub fn filled(&mut self, n: usize) {
        let room = self.bytes.len() - self.end;
        self.filled = n >= room;
        self.end += n.min(room);
    }

    /// Copies `bytes` in; for who has them already.
    pub fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.room();
            let n = room.len().min(bytes.len());
            room[..n].copy_from_slice(&bytes[..n]);
            self.filled(n);
            bytes = &bytes[n..];
        }
    }

    /// The next frame, once all of it came.
    ///
    /// # Errors
    ///
    /// What is wrong with the bytes. The buffer is useless after that.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, Violation> {
        match self.next_contents()? {
            Some(contents) => Frame::decode(contents).map(Some),
            None => Ok(None),
        }
    }

    /// The contents of the next frame, once all of it came: for [`Frame::decode`],
    /// [`Frame::as_call`] and [`Frame::as_reply`].
    ///
    /// # Errors
    ///
    /// As [`FrameBuffer::next_frame`].
    #[inline]
    pub fn next_contents(&mut self) -> Result<Option<&[u8]>, Violation> {
        let Some(waiting) = self.bytes.get(self.start..self.end) else { return Ok(None) };
        if self.greeting {
            check_greeting(waiting)?;
        }
        let Some((length, rest)) = waiting.split_first_chunk::<LENGTH>() else { return Ok(None) };
        let length = u32::from_le_bytes(*length) as usize;
        // None is as wrong as too many: a frame has a kind at least.
        if length.wrapping_sub(1) >= self.cap - LENGTH {
            return Err(wrong_length(length, self.cap));
        }
        let Some(contents) = rest.get(..length) else { return Ok(None) };
        self.start += LENGTH + length;
        if self.greeting {
            (self.greeting, self.cap) = (false, self.max_frame);
        }
        Ok(Some(contents))
    }

    /// Forgets what came.
    pub(crate) const fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Gives memory back that an idle connection doesn't need.
    pub fn shrink(&mut self) {
        if self.start == self.end && self.bytes.len() > SMALL {
            (self.start, self.end) = (0, 0);
            self.bytes = Vec::new();
        }
    }

    /// Whether part of a frame is waiting for the rest.
    pub const fn is_partial(&self) -> bool {
        self.start < self.end
    }

    /// How many bytes of memory the buffer holds.
    pub const fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

/// No frame has contents of this length.
#[cold]
fn wrong_length(contents: usize, cap: usize) -> Violation {
    if contents == 0 {
        return Violation::Truncated("kind");
    }
    Violation::FrameTooLarge { length: contents as u64 + LENGTH as u64, cap }
}

/// Whether what came so far can be the beginning of a hello.
fn check_greeting(waiting: &[u8]) -> Result<(), Violation> {
    let came = waiting.get(LENGTH..).unwrap_or_default();
    let came = &came[..came.len().min(GREETING.len())];
    if !GREETING.starts_with(came) {
        return Err(Violation::BadMagic);
    }
    let short = u32::try_from(GREETING.len()).unwrap_or(u32::MAX);
    match waiting.first_chunk::<LENGTH>() {
        Some(length) if waiting.len() >= PREFIX && u32::from_le_bytes(*length) < short => {
            Err(Violation::BadMagic)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{CallId, Hello, encode_cancel, encode_ping};

    fn greeted() -> FrameBuffer {
        let mut bytes = Vec::new();
        Hello::default().encode(&mut bytes).unwrap();
        let mut buffer = FrameBuffer::new(MAX_FRAME as u32);
        buffer.feed(&bytes);
        assert!(matches!(buffer.next_frame(), Ok(Some(Frame::Hello(_)))));
        buffer
    }

    #[test]
    fn frames_come_out_however_the_bytes_come_in() {
        let mut bytes = Vec::new();
        for n in 0..100 {
            encode_ping(&mut bytes, n);
            encode_cancel(&mut bytes, CallId(n));
        }
        for step in [1, 3, 12, 13, 14, 1_000, bytes.len()] {
            let mut buffer = greeted();
            let mut got = 0;
            for chunk in bytes.chunks(step) {
                buffer.feed(chunk);
                while let Some(frame) = buffer.next_frame().unwrap() {
                    let n = got / 2;
                    let even = got % 2 == 0;
                    assert_eq!(frame, if even { Frame::Ping(n) } else { Frame::Cancel(CallId(n)) });
                    got += 1;
                }
            }
            assert_eq!(got, 200, "in steps of {step}");
        }
    }

    #[test]
    fn a_claimed_length_allocates_nothing() {
        let mut buffer = greeted();
        buffer.feed(&(MAX_FRAME as u32 - 4).to_le_bytes());
        assert_eq!(buffer.next_frame(), Ok(None));
        assert!(buffer.room().len() <= LARGE);
        assert!(buffer.capacity() <= LARGE, "{}", buffer.capacity());
    }

    #[test]
    fn a_length_beyond_the_cap_is_refused_at_once() {
        for length in [MAX_FRAME as u32 - 3, u32::MAX] {
            let mut buffer = greeted();
            buffer.feed(&length.to_le_bytes());
            let refused = buffer.next_frame();
            assert!(matches!(refused, Err(Violation::FrameTooLarge { .. })), "{refused:?}");
        }
    }

    #[test]
    fn what_is_no_hello_is_refused_at_its_first_wrong_byte() {
        let wrong: [&[u8]; 4] = [
            b"GET / HTTP/1.1\r\n",
            b"\x16\x03\x01\x02\x00\x01",
            &[9, 0, 0, 0, 2],
            &[9, 0, 0, 0, 1, b'S', b'E', b'A', b'N'],
        ];
        for bytes in wrong {
            let mut buffer = FrameBuffer::new(MAX_FRAME as u32);
            buffer.feed(bytes);
            assert_eq!(buffer.next_frame(), Err(Violation::BadMagic), "{bytes:?}");
        }
        let mut buffer = FrameBuffer::new(MAX_FRAME as u32);
        buffer.feed(&(MAX_HELLO as u32).to_le_bytes());
        assert!(matches!(buffer.next_frame(), Err(Violation::FrameTooLarge { .. })));
    }

    #[test]
    fn the_largest_frame_fits_and_is_given_back() {
        let mut buffer = greeted();
        let contents = MAX_FRAME - LENGTH;
        buffer.feed(&(contents as u32).to_le_bytes());
        buffer.feed(&[kind::REPLY, 0, 0, 0]);
        buffer.feed(&7u64.to_le_bytes());
        buffer.feed(&vec![5; contents - 12]);
        let Ok(Some(Frame::Reply(CallId(7), _, body))) = buffer.next_frame() else {
            panic!("no reply came out");
        };
        assert_eq!(body.len(), contents - 12);
        assert!(buffer.capacity() <= 2 * MAX_FRAME);
        buffer.shrink();
        assert_eq!(buffer.capacity(), 0);
    }
}
