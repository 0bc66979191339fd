//! Where the requests of a connection begin and end, without I/O.
//!
//! actix's parser takes bare line feeds in heads, heads of any size, later heads at any speed, and
//! reads what stands behind a request before that has its answer. So every byte passes here first,
//! and is passed on request by request, each head as a whole. Only heads are looked at; for the rest
//! it is enough to know where a body ends, and what isn't understood here actix refuses: then
//! nothing is looked at any more, and the connection is at its end anyway.

mod chunks;
mod head;

use self::chunks::Chunks;
use self::head::Head;

/// What a request has done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// It begins with what begins no request.
    NoRequest,
    BareLineFeed,
    /// The target has a `#`: what stands behind it is for clients alone, and servers differ.
    Fragment,
    HeadTooLarge,
    HeadTooSlow,
    /// What stands between the pieces of a chunked body and behind it, beyond their lengths.
    ChunksTooLarge,
}

/// The place in a connection's bytes.
#[derive(Debug)]
pub(crate) struct Framing {
    at: Place,
    /// A head that hasn't come in whole, and how it has been read so far.
    head: Head,
    /// A head has begun.
    in_head: bool,
    /// How many heads have come in.
    heads: u64,
    /// How much of the body after the last one has.
    body: u64,
    /// How much of that is neither content nor lengths.
    extra: usize,
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
            head: Head::new(),
            in_head: false,
            heads: 0,
            body: 0,
            extra: 0,
            max_head,
        }
    }

    /// Whether a head has begun and isn't over.
    pub(crate) const fn in_head(&self) -> bool {
        self.in_head
    }

    /// Whether a body has begun and isn't over.
    pub(crate) const fn in_body(&self) -> bool {
        matches!(self.at, Place::Body { .. } | Place::Chunks(_))
    }

    /// Whether a request is over, or none has begun: the next one would begin here.
    pub(crate) const fn between_requests(&self) -> bool {
        matches!(self.at, Place::Head)
    }

    /// How many heads have come in whole: tells one request from the next.
    pub(crate) const fn heads(&self) -> u64 {
        self.heads
    }

    /// How many bytes of the last request's body have come in, framing included.
    pub(crate) const fn body(&self) -> u64 {
        self.body
    }

    /// Looks at the next bytes of the connection, and says how many of them may be passed on: none
    /// of a head that isn't whole, and none behind the end of a request. The others are shown again
    /// with what follows them. Offers of other protocols are made unreadable.
    pub(crate) fn pass(&mut self, bytes: &mut [u8]) -> Result<usize, Violation> {
        let mut passed = 0;
        while passed < bytes.len() {
            let rest = &mut bytes[passed..];
            match self.at {
                Place::Head => match self.read_head(rest)? {
                    Some(used) => passed += used,
                    None => return Ok(passed),
                },
                Place::Body { left } => {
                    let used = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                    let left = left - used as u64;
                    self.at = if left == 0 { Place::Head } else { Place::Body { left } };
                    self.body += used as u64;
                    passed += used;
                }
                Place::Chunks(chunks) => {
                    let (next, used) = chunks.feed(rest, &mut self.extra);
                    if self.extra > self.max_head {
                        return Err(Violation::ChunksTooLarge);
                    }
                    self.at = next;
                    self.body += used as u64;
                    passed += used;
                }
                Place::Lost => return Ok(bytes.len()),
            }
            if self.at == Place::Head && !self.in_head {
                break;
            }
        }
        Ok(passed)
    }

    /// How long the head is that begins here, if it is whole.
    fn read_head(&mut self, bytes: &mut [u8]) -> Result<Option<usize>, Violation> {
        // Line breaks before a request are allowed.
        if bytes.starts_with(b"\r\n") {
            self.head_is_over();
            return Ok(Some(2));
        }
        self.in_head = true;
        let room = bytes.len().min(self.max_head.saturating_add(1));
        match self.head.read(&mut bytes[..room])? {
            Some((end, then)) if end <= self.max_head => {
                self.head_is_over();
                self.at = then;
                self.heads += 1;
                (self.body, self.extra) = (0, 0);
                Ok(Some(end))
            }
            None if bytes.len() <= self.max_head => Ok(None),
            _ => Err(Violation::HeadTooLarge),
        }
    }

    fn head_is_over(&mut self) {
        self.head = Head::new();
        self.in_head = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    /// Lets `bytes` come in pieces of `size`, as a connection does: what passes, request by request.
    fn pass(framing: &mut Framing, bytes: &[u8], size: usize) -> Result<Vec<u8>, Violation> {
        let (mut held, mut passed) = (Vec::new(), Vec::new());
        for piece in bytes.chunks(size) {
            held.extend_from_slice(piece);
            loop {
                let used = framing.pass(&mut held)?;
                passed.extend(held.drain(..used));
                if used == 0 || held.is_empty() {
                    break;
                }
            }
        }
        Ok(passed)
    }

    /// Feeds `bytes` in pieces of every size; all must come to the same.
    fn feed(bytes: &[u8]) -> (Result<Vec<u8>, Violation>, Place) {
        let mut outcomes = (1..=bytes.len()).map(|size| {
            let mut framing = Framing::new(64);
            (pass(&mut framing, bytes, size), framing.at)
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

    fn refused(bytes: &[u8]) -> Violation {
        feed(bytes).0.unwrap_err()
    }

    #[test]
    fn a_request_follows_another() {
        let mut bytes = GET.to_vec();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(GET);
        bytes.extend_from_slice(b"POST / HTTP/1.1\r\ncontent-LENGTH: 4\r\n\r\na\nb\n");
        bytes.extend_from_slice(GET);
        assert_eq!(feed(&bytes), (Ok(bytes.clone()), Place::Head));
    }

    #[test]
    fn nothing_passes_behind_a_request() {
        let mut bytes = GET.repeat(2);
        assert_eq!(Framing::new(64).pass(&mut bytes), Ok(GET.len()));
        let post = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}";
        let mut bytes = [post, GET].concat();
        assert_eq!(Framing::new(64).pass(&mut bytes), Ok(post.len()));
        let post = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n";
        let mut bytes = [post, GET].concat();
        assert_eq!(Framing::new(64).pass(&mut bytes), Ok(post.len()));
    }

    #[test]
    fn heads_pass_as_a_whole() {
        let mut framing = Framing::new(64);
        let mut bytes = GET.to_vec();
        assert_eq!(framing.pass(&mut bytes[..9]), Ok(0));
        assert_eq!(framing.pass(&mut bytes[..GET.len() - 1]), Ok(0));
        assert_eq!(framing.pass(&mut bytes), Ok(GET.len()));
    }

    #[test]
    fn line_breaks_before_a_request_are_no_head() {
        for size in 1..4 {
            let mut framing = Framing::new(64);
            pass(&mut framing, b"\r\n\r\n\r\n", size).unwrap();
            assert_eq!((framing.heads(), framing.in_head()), (0, false), "{size} at a time");
            pass(&mut framing, GET, size).unwrap();
            assert_eq!((framing.heads(), framing.in_head()), (1, false), "{size} at a time");
        }
    }

    #[test]
    fn line_feeds_are_bare_only_in_heads() {
        assert_eq!(refused(b"GET / HTTP/1.1\nHost: x\n\n"), Violation::BareLineFeed);
        assert_eq!(refused(b"GET / HTTP/1.1\r\nHost: x\n\r\n"), Violation::BareLineFeed);
        assert_eq!(refused(b"\nGET / HTTP/1.1\r\n"), Violation::NoRequest);
        let post = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n\n\n\nGET / HTTP/1.1\n";
        assert_eq!(refused(post), Violation::BareLineFeed);
    }

    #[test]
    fn what_begins_no_request_isnt_waited_for() {
        assert_eq!(refused(b"\0"), Violation::NoRequest);
        assert_eq!(refused(b"\x16\x03\x01"), Violation::NoRequest, "a handshake of TLS");
    }

    #[test]
    fn a_fragment_is_no_part_of_a_target() {
        assert_eq!(refused(b"GET /a#b HTTP/1.1\r\nHost: x\r\n\r\n"), Violation::Fragment);
        let elsewhere = b"GET / HTTP/1.1\r\nHost: x\r\nX: #\r\n\r\n";
        assert_eq!(feed(elsewhere).0.unwrap(), elsewhere);
    }

    #[test]
    fn offers_of_other_protocols_are_not_read() {
        let offer = b"GET / HTTP/1.1\r\nupgrade: ws\r\nConnection: Upgrade, close\r\n\r\n";
        let read = b"GET / HTTP/1.1\r\nx-offer: ws\r\nConnection: x-offer, close\r\n\r\n";
        assert_eq!(feed(offer).0.unwrap(), read);
        let other = b"GET / HTTP/1.1\r\nConnection: upgrades,xupgrade\r\n\r\n";
        assert_eq!(feed(other).0.unwrap(), other);
    }

    #[test]
    fn chunks_are_followed() {
        let mut bytes = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
        bytes.extend_from_slice(b"3;x=1\r\na\nb\r\nA\r\n0123\n56789\r\n0\r\nTrailer: 1\r\n\r\n");
        assert_eq!(feed(&bytes), (Ok(bytes.clone()), Place::Head));
        bytes.extend_from_slice(b"GET / HTTP/1.1\n");
        assert_eq!(refused(&bytes), Violation::BareLineFeed);
    }

    #[test]
    fn what_is_no_content_of_chunks_has_a_size() {
        let head = &b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"[..];
        for (start, endless) in [
            ("1;", "y"),
            ("1\r\nx\r\n1;x\r\nx\r\n1;", "y"),
            ("1 ", "y"),
            ("0", "0"),
            ("0\r\nX: ", "y"),
            ("0\r\n", "X: y\r\n"),
        ] {
            let bytes = [head, start.as_bytes(), endless.repeat(120).as_bytes()].concat();
            assert_eq!(refused(&bytes), Violation::ChunksTooLarge, "{start}");
        }
        let many = [head, &b"0001\r\nx\r\n".repeat(100), b"0\r\n\r\n"].concat();
        assert_eq!(feed(&many), (Ok(many.clone()), Place::Head), "lengths don't count");
    }

    #[test]
    fn a_head_has_a_size() {
        let mut bytes = b"GET / HTTP/1.1\r\nX: ".to_vec();
        bytes.resize(60, b'x');
        let mut whole = bytes.clone();
        whole.extend_from_slice(b"\r\n\r\n");
        assert_eq!(feed(&whole), (Ok(whole.clone()), Place::Head));
        whole.insert(20, b'x');
        assert_eq!(refused(&whole), Violation::HeadTooLarge);
        bytes.resize(65, b'x');
        assert_eq!(refused(&bytes), Violation::HeadTooLarge);
    }

    #[test]
    fn a_chunk_larger_than_numbers_is_left_to_the_parser() {
        let bytes = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\n";
        assert_eq!(feed(bytes), (Ok(bytes.to_vec()), Place::Lost));
    }

    #[test]
    fn a_head_that_has_begun_is_known() {
        let mut framing = Framing::new(64);
        assert!(!framing.in_head());
        let mut get = GET.to_vec();
        framing.pass(&mut get[..9]).unwrap();
        assert!(framing.in_head());
        framing.pass(&mut get).unwrap();
        assert!(!framing.in_head());
        assert_eq!((framing.heads(), framing.in_body()), (1, false));
        let mut post = b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nfive!".to_vec();
        framing.pass(&mut post).unwrap();
        assert_eq!((framing.heads(), framing.in_body(), framing.body()), (2, true, 5));
    }
}
