//! Where the heads of a connection's requests begin and end, without I/O.
//!
//! actix's parser takes bare line feeds in heads, heads of any size, and later heads at any speed.
//! So every byte passes here first. Only heads are looked at; for the rest it is enough to know
//! where a body ends, and what isn't understood here actix refuses: then nothing is looked at any
//! more, and the connection is at its end anyway.

use memchr::{memchr, memchr_iter};

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
    /// A head that hasn't come in whole.
    partial: Vec<u8>,
    /// How many heads have come in.
    heads: u64,
    /// How much of the body after the last one has.
    body: u64,
    max_head: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Head,
    Body { left: u64 },
    Chunked(Chunked),
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunked {
    /// In the line before a chunk: its size so far, and whether the digits are over.
    Size { size: u64, digits: bool },
    /// In a chunk and the line break after it.
    Chunk { left: u64 },
    /// In a line of the trailer, so many bytes in.
    Trailer { bytes: usize },
}

impl Framing {
    pub(crate) const fn new(max_head: usize) -> Self {
        Self { at: Place::Head, partial: Vec::new(), heads: 0, body: 0, max_head }
    }

    /// Whether a head has begun and isn't over.
    pub(crate) const fn in_head(&self) -> bool {
        !self.partial.is_empty()
    }

    /// Whether a body has begun and isn't over.
    pub(crate) const fn in_body(&self) -> bool {
        matches!(self.at, Place::Body { .. } | Place::Chunked(_))
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
                Place::Head => self.head(bytes)?,
                Place::Body { left } => {
                    let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    let left = left - used as u64;
                    self.at = if left == 0 { Place::Head } else { Place::Body { left } };
                    used
                }
                Place::Chunked(place) => self.chunked(place, bytes),
                Place::Lost => return Ok(()),
            };
            if in_body {
                self.body += used as u64;
            }
            bytes = &bytes[used..];
        }
        Ok(())
    }

    fn head(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        if self.partial.is_empty() {
            // Line breaks before a request are allowed.
            if bytes.starts_with(b"\r\n") {
                return Ok(2);
            }
            return match end_of_head(bytes, 0)? {
                Some(end) if end > self.max_head => Err(Violation::HeadTooLarge),
                Some(end) => {
                    self.body_begins(after_head(&bytes[..end]));
                    Ok(end)
                }
                None => self.keep(bytes),
            };
        }
        let known = self.partial.len();
        let room = (self.max_head + 1).saturating_sub(known).min(bytes.len());
        self.partial.extend_from_slice(&bytes[..room]);
        if self.partial == b"\r\n" {
            self.partial.clear();
            return Ok(room);
        }
        match end_of_head(&self.partial, known)? {
            Some(end) if end > self.max_head => Err(Violation::HeadTooLarge),
            Some(end) => {
                self.body_begins(after_head(&self.partial[..end]));
                // An idle connection keeps no buffer.
                self.partial = Vec::new();
                Ok(end - known)
            }
            None if self.partial.len() > self.max_head => Err(Violation::HeadTooLarge),
            None => Ok(room),
        }
    }

    fn body_begins(&mut self, at: Place) {
        self.at = at;
        self.heads += 1;
        self.body = 0;
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<usize, Violation> {
        if bytes.len() > self.max_head {
            return Err(Violation::HeadTooLarge);
        }
        self.partial.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn chunked(&mut self, place: Chunked, bytes: &[u8]) -> usize {
        let (next, used) = match place {
            Chunked::Size { size, digits } => size_line(size, digits, bytes),
            Chunked::Chunk { left } => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let left = left - used as u64;
                let next = match left {
                    0 => Chunked::Size { size: 0, digits: true },
                    left => Chunked::Chunk { left },
                };
                (Place::Chunked(next), used)
            }
            Chunked::Trailer { bytes: before } => match memchr(b'\n', bytes) {
                // Nothing but the carriage return: the trailer is over.
                Some(end) if before + end <= 1 => (Place::Head, end + 1),
                Some(end) => (Place::Chunked(Chunked::Trailer { bytes: 0 }), end + 1),
                None => {
                    let so_far = before.saturating_add(bytes.len());
                    (Place::Chunked(Chunked::Trailer { bytes: so_far }), bytes.len())
                }
            },
        };
        self.at = next;
        used
    }
}

fn size_line(mut size: u64, mut digits: bool, bytes: &[u8]) -> (Place, usize) {
    for (i, byte) in bytes.iter().enumerate() {
        match (byte, char::from(*byte).to_digit(16)) {
            (b'\n', _) => {
                let next = match size {
                    0 => Chunked::Trailer { bytes: 0 },
                    // With the line break after the chunk.
                    size => Chunked::Chunk { left: size.saturating_add(2) },
                };
                return (Place::Chunked(next), i + 1);
            }
            (_, Some(digit)) if digits => match size.checked_mul(16) {
                Some(more) => size = more | u64::from(digit),
                None => return (Place::Lost, bytes.len()),
            },
            _ => digits = false,
        }
    }
    (Place::Chunked(Chunked::Size { size, digits }), bytes.len())
}

/// Where the head ends, if it does; `known` bytes have been looked at before.
fn end_of_head(head: &[u8], known: usize) -> Result<Option<usize>, Violation> {
    for at in memchr_iter(b'\n', &head[known..]).map(|at| known + at) {
        if at == 0 || head[at - 1] != b'\r' {
            return Err(Violation::BareLineFeed);
        }
        if head[..=at].ends_with(b"\r\n\r\n") {
            return Ok(Some(at + 1));
        }
    }
    Ok(None)
}

/// What comes after a head, by its `Content-Length` and `Transfer-Encoding`.
fn after_head(head: &[u8]) -> Place {
    let mut at = Place::Head;
    for line in Lines(head) {
        if let Some(value) = value_of(line, b"content-length:") {
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            at = match length {
                Some(0) => Place::Head,
                Some(left) => Place::Body { left },
                None => return Place::Lost,
            };
        } else if let Some(value) = value_of(line, b"transfer-encoding:")
            && value.eq_ignore_ascii_case(b"chunked")
        {
            return Place::Chunked(Chunked::Size { size: 0, digits: true });
        }
    }
    at
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, value) = line.split_at_checked(name.len())?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}

struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let end = memchr(b'\n', self.0)?;
        let (line, rest) = self.0.split_at(end + 1);
        self.0 = rest;
        Some(line)
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
