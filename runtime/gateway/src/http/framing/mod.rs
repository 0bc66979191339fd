//! Where the heads of a connection's requests begin and end, without I/O.
//!
//! actix's parser takes bare line feeds in heads, heads of any size, and later heads at any speed.
//! So every byte passes here first. Only heads are looked at; for the rest it is enough to know
//! where a body ends, and what isn't understood here actix refuses: then nothing is looked at any
//! more, and the connection is at its end anyway.

mod chunks;
mod head;

use self::chunks::Chunks;
use self::head::Head;

/// What a head has done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    BareLineFeed,
    HeadTooLarge,
    HeadTooSlow,
}

/// The place in a connection's bytes.
#[derive(Debug)]
pub(crate) struct Framing {
    at: Place,
    /// A head that hasn't come in whole, and how it has been read so far.
    partial: Vec<u8>,
    head: Head,
    /// How many heads have come in.
    heads: u64,
    /// How much of the body after the last one has.
    body: u64,
    max_head: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In a head, or before one.
    Head,
    Body {
        left: u64,
    },
    Chunks(Chunks),
    Lost,
}

impl Framing {
    pub(crate) const fn new(max_head: usize) -> Self {
        Self {
            at: Place::Head,
            partial: Vec::new(),
            head: Head::new(),
            heads: 0,
            body: 0,
            max_head,
        }
    }

    /// Whether a head has begun and isn't over.
    pub(crate) const fn in_head(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Whether a body has begun and isn't over.
    pub(crate) const fn in_body(&self) -> bool {
        matches!(self.at, Place::Body { .. } | Place::Chunks(_))
    }

    /// How many heads have come in whole: tells one request from the next.
    pub(crate) const fn heads(&self) -> u64 {
        self.heads
    }

    /// How many bytes of the last request's body have come in, framing included.
    pub(crate) const fn body(&self) -> u64 {
        self.body
    }

    /// Takes the next bytes of the connection.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) -> Result<(), Violation> {
        while !bytes.is_empty() {
            let in_body = self.in_body();
            let used = match self.at {
                Place::Head => self.read_head(bytes)?,
                Place::Body { left } => {
                    let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left - used as u64;
                    self.at = if left == 0 { Place::Head } else { Place::Body { left } };
                    used
                }
                Place::Chunks(chunks) => {
                    let (next, used) = chunks.feed(bytes);
                    self.at = next;
                    used
                }
                Place::Lost => return Ok(()),
            };
            if in_body {
                self.body += used as u64;
            }
            bytes = &bytes[used..];
        }
        Ok(())
    }

    fn read_head(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        // Line breaks before a request are allowed.
        match (&self.partial[..], bytes) {
            ([], [b'\r', b'\n', ..]) => return Ok(2),
            ([b'\r'], [b'\n', ..]) => {
                self.head_is_over();
                return Ok(1);
            }
            _ => {}
        }
        let known = self.partial.len();
        let room = (self.max_head + 1).saturating_sub(known).min(bytes.len());
        let read = if known == 0 {
            self.head.read(&bytes[..room])?
        } else {
            self.partial.extend_from_slice(&bytes[..room]);
            self.head.read(&self.partial)?
        };
        match read {
            Some((end, then)) if end <= self.max_head => {
                self.head_is_over();
                self.at = then;
                self.heads += 1;
                self.body = 0;
                Ok(end - known)
            }
            None if known + room <= self.max_head => {
                if known == 0 {
                    self.partial.extend_from_slice(bytes);
                }
                Ok(room)
            }
            _ => Err(Violation::HeadTooLarge),
        }
    }

    fn head_is_over(&mut self) {
        self.head = Head::new();
        // An idle connection keeps no buffer.
        self.partial = Vec::new();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// Feeds `bytes` in pieces of every size; all must come to the same.
    fn feed(bytes: &[u8]) -> (Result<(), Violation>, Place) {
        let mut outcomes = (1..=bytes.len()).map(|size| {
            let mut framing = Framing::new(64);
            let result = bytes.chunks(size).try_for_each(|piece| framing.feed(piece));
            (result, framing.at)
        });
        let first = outcomes.next().unwrap();
        for other in outcomes {
            assert_eq!(first.0, other.0, "{:?}", String::from_utf8_lossy(bytes));
            if first.0.is_ok() {
                assert_eq!(first.1, other.1, "{:?}", String::from_utf8_lossy(bytes));
            }
        }
        first
    }

    #[test]
    fn a_request_follows_another() {
        let mut bytes = GET.to_vec();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(GET);
        bytes.extend_from_slice(b"POST / HTTP/1.1\r\ncontent-LENGTH: 4\r\n\r\na\nb\n");
        bytes.extend_from_slice(GET);
        assert_eq!(feed(&bytes), (Ok(()), Place::Head));
    }

    #[test]
    fn line_breaks_before_a_request_are_no_head() {
        for size in 1..4 {
            let mut framing = Framing::new(64);
            for piece in b"\r\n\r\n\r\n".chunks(size) {
                framing.feed(piece).unwrap();
            }
            assert_eq!((framing.heads(), framing.in_head()), (0, false), "{size} at a time");
            framing.feed(GET).unwrap();
            assert_eq!((framing.heads(), framing.in_head()), (1, false), "{size} at a time");
        }
    }

    #[test]
    fn line_feeds_are_bare_only_in_heads() {
        assert_eq!(feed(b"GET / HTTP/1.1\nHost: x\n\n").0, Err(Violation::BareLineFeed));
        assert_eq!(feed(b"GET / HTTP/1.1\r\nHost: x\n\r\n").0, Err(Violation::BareLineFeed));
        assert_eq!(feed(b"\nGET / HTTP/1.1\r\n").0, Err(Violation::BareLineFeed));
        let post = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\n";
        assert_eq!(feed(post).0, Err(Violation::BareLineFeed));
    }

    #[test]
    fn chunks_are_followed() {
        let mut bytes = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        bytes.extend_from_slice(b"3;x=1\r\na\nb\r\nA\r\n0123\n56789\r\n0\r\nTrailer: 1\r\n\r\n");
        assert_eq!(feed(&bytes), (Ok(()), Place::Head));
        bytes.extend_from_slice(b"GET / HTTP/1.1\n");
        assert_eq!(feed(&bytes).0, Err(Violation::BareLineFeed));
    }

    #[test]
    fn a_head_has_a_size() {
        let mut bytes = b"GET / HTTP/1.1\r\nX: ".to_vec();
        bytes.resize(60, b'x');
        let mut whole = bytes.clone();
        whole.extend_from_slice(b"\r\n\r\n");
        assert_eq!(feed(&whole), (Ok(()), Place::Head));
        whole.insert(20, b'x');
        assert_eq!(feed(&whole).0, Err(Violation::HeadTooLarge));
        bytes.resize(65, b'x');
        assert_eq!(feed(&bytes).0, Err(Violation::HeadTooLarge));
    }

    #[test]
    fn a_chunk_larger_than_numbers_is_left_to_the_parser() {
        let bytes = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\n";
        assert_eq!(feed(bytes), (Ok(()), Place::Lost));
    }

    #[test]
    fn a_head_that_has_begun_is_known() {
        let mut framing = Framing::new(64);
        assert!(!framing.in_head());
        framing.feed(&GET[..9]).unwrap();
        assert!(framing.in_head());
        framing.feed(&GET[9..]).unwrap();
        assert!(!framing.in_head());
        assert_eq!((framing.heads(), framing.in_body()), (1, false));
        framing.feed(b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nfive!").unwrap();
        assert_eq!((framing.heads(), framing.in_body(), framing.body()), (2, true, 5));
    }
}
