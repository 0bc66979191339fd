//! A head, as far as it says where it ends and what comes after it.

use memchr::memchr;

use super::chunks::Chunks;
use super::{Place, Violation};

/// A head that is being read, line by line as it comes in.
#[derive(Debug)]
pub(super) struct Head {
    /// How much of it has been looked at.
    seen: usize,
    /// Where the line begins that isn't over.
    line: usize,
    /// What comes after it, by its `Content-Length` and `Transfer-Encoding` so far.
    then: Place,
}

/// What an offer of another protocol is called for those who would take it up: as long as `Upgrade`,
/// and nobody's word.
const OFFER: &[u8; 7] = b"x-offer";

impl Head {
    pub(super) const fn new() -> Self {
        Self { seen: 0, line: 0, then: Place::Head }
    }

    /// Goes on through `head`, which is all that has come in of it: where it ends and what comes
    /// then, if it does end.
    pub(super) fn read(&mut self, head: &mut [u8]) -> Result<Option<(usize, Place)>, Violation> {
        if !head.first().is_none_or(|byte| begins_request(*byte)) {
            return Err(Violation::NoRequest);
        }
        while let Some(found) = memchr(b'\n', &head[self.seen..]) {
            let end = self.seen + found;
            match &mut head[self.line..end] {
                [b'\r'] => return Ok(Some((end + 1, self.then))),
                [line @ .., b'\r'] if self.line == 0 => {
                    if memchr(b'#', line).is_some() {
                        return Err(Violation::Fragment);
                    }
                }
                [line @ .., b'\r'] => self.look_at(line),
                _ => return Err(Violation::BareLineFeed),
            }
            (self.seen, self.line) = (end + 1, end + 1);
        }
        self.seen = head.len();
        Ok(None)
    }

    fn look_at(&mut self, line: &mut [u8]) {
        if has_name(line, b"upgrade") {
            line[..OFFER.len()].copy_from_slice(OFFER);
        } else if has_name(line, b"connection") {
            let tokens = line[b"connection:".len()..].split_mut(|byte| *byte == b',');
            for token in tokens.map(trimmed) {
                if token.eq_ignore_ascii_case(b"upgrade") {
                    token.copy_from_slice(OFFER);
                }
            }
        } else if !matches!(self.then, Place::Head | Place::Body { .. }) {
            // The first word about what comes counts, and actix refuses a second one.
        } else if has_name(line, b"content-length") {
            let value = line[b"content-length:".len()..].trim_ascii();
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            self.then = match length {
                Some(0) => Place::Head,
                Some(left) => Place::Body { left },
                None => Place::Lost,
            };
        } else if has_name(line, b"transfer-encoding")
            && line[b"transfer-encoding:".len()..].trim_ascii().eq_ignore_ascii_case(b"chunked")
        {
            self.then = Place::Chunks(Chunks::new());
        }
    }
}

/// Whether a verb, or a line break before it, begins with this.
const fn begins_request(byte: u8) -> bool {
    byte == b'\r'
        || byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'')
        || matches!(byte, b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
}

fn has_name(line: &[u8], name: &[u8]) -> bool {
    // Few names are as long: the colon tells most of them apart.
    line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name)
}

fn trimmed(bytes: &mut [u8]) -> &mut [u8] {
    let start = bytes.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(bytes.len());
    let end = start + bytes[start..].trim_ascii().len();
    &mut bytes[start..end]
}
