//! A head, as far as it says where it ends and what comes after it.

use memchr::memchr_iter;

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

impl Head {
    pub(super) const fn new() -> Self {
        Self { seen: 0, line: 0, then: Place::Head }
    }

    /// Goes on through `head`, which is all that has come in of it: where it ends and what comes
    /// then, if it does end.
    pub(super) fn read(&mut self, head: &[u8]) -> Result<Option<(usize, Place)>, Violation> {
        let seen = self.seen;
        for at in memchr_iter(b'\n', &head[seen..]).map(|at| seen + at) {
            match &head[self.line..at] {
                [b'\r'] => return Ok(Some((at + 1, self.then))),
                [line @ .., b'\r'] => self.look_at(line),
                _ => return Err(Violation::BareLineFeed),
            }
            self.line = at + 1;
        }
        self.seen = head.len();
        Ok(None)
    }

    fn look_at(&mut self, line: &[u8]) {
        if !matches!(self.then, Place::Head | Place::Body { .. }) {
            return;
        }
        if let Some(value) = value_of(line, b"content-length") {
            let length = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
            self.then = match length {
                Some(0) => Place::Head,
                Some(left) => Place::Body { left },
                None => Place::Lost,
            };
        } else if let Some(value) = value_of(line, b"transfer-encoding")
            && value.eq_ignore_ascii_case(b"chunked")
        {
            self.then = Place::Chunks(Chunks::new());
        }
    }
}

fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = line.split_at_checked(name.len())?;
    // Few names are as long: the colon tells most of them apart.
    let value = rest.strip_prefix(b":")?;
    start.eq_ignore_ascii_case(name).then(|| value.trim_ascii())
}
