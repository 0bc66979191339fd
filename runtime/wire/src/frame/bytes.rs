//! Reading little-endian fields from a slice, each checked, and writing them.

use crate::violation::{EncodeError, Violation};

/// A reader over a frame's contents. Borrows, never copies, never panics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

macro_rules! read_number {
    ($($name:ident: $number:ty),*) => {$(
        #[inline]
        pub(super) fn $name(&mut self, what: &'static str) -> Result<$number, Violation> {
            let (head, rest) = self.rest.split_first_chunk().ok_or(Violation::Truncated(what))?;
            self.rest = rest;
            Ok(<$number>::from_le_bytes(*head))
        }
    )*};
}

impl<'a> Reader<'a> {
    pub(super) const fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    read_number!(u8: u8, u16: u16, u32: u32, u64: u64);

    #[inline]
    pub(super) fn bytes(&mut self, n: usize, what: &'static str) -> Result<&'a [u8], Violation> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(Violation::Truncated(what))?;
        self.rest = rest;
        Ok(head)
    }

    /// A text with a length of one byte in front.
    #[inline]
    pub(super) fn text8(&mut self, cap: usize, what: &'static str) -> Result<&'a str, Violation> {
        let length = usize::from(self.u8(what)?);
        self.text(length, cap, what)
    }

    /// Passes by a text with a length of one byte in front. Names are ASCII, and cheap to check.
    #[inline]
    pub(super) fn skip_text8(&mut self, cap: usize, what: &'static str) -> Result<(), Violation> {
        let length = usize::from(self.u8(what)?);
        if length > cap {
            return Err(Violation::TooLong { what, length, cap });
        }
        let bytes = self.bytes(length, what)?;
        if bytes.is_ascii() || std::str::from_utf8(bytes).is_ok() {
            return Ok(());
        }
        Err(Violation::NotText(what))
    }

    /// A text with a length of two bytes in front.
    #[inline]
    pub(super) fn text16(&mut self, cap: usize, what: &'static str) -> Result<&'a str, Violation> {
        let length = usize::from(self.u16(what)?);
        self.text(length, cap, what)
    }

    #[inline]
    fn text(
        &mut self,
        length: usize,
        cap: usize,
        what: &'static str,
    ) -> Result<&'a str, Violation> {
        if length > cap {
            return Err(Violation::TooLong { what, length, cap });
        }
        let bytes = self.bytes(length, what)?;
        std::str::from_utf8(bytes).map_err(|_| Violation::NotText(what))
    }

    /// A count of two bytes; as every item takes at least `item` bytes, one that can't fit in the
    /// rest is refused before anybody makes room for it.
    pub(super) fn count(
        &mut self,
        cap: usize,
        item: usize,
        what: &'static str,
    ) -> Result<usize, Violation> {
        let length = usize::from(self.u16(what)?);
        if length > cap {
            return Err(Violation::TooLong { what, length, cap });
        }
        if length * item > self.rest.len() {
            return Err(Violation::Truncated(what));
        }
        Ok(length)
    }

    #[inline]
    pub(super) const fn rest(self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn end(self) -> Result<(), Violation> {
        match self.rest.len() {
            0 => Ok(()),
            more => Err(Violation::TrailingBytes(more)),
        }
    }
}

/// Appends a text with a length of one byte in front.
#[inline]
pub(super) fn put_text8<E>(
    out: &mut Vec<u8>,
    text: &str,
    cap: usize,
    what: &'static str,
) -> Result<(), EncodeError<E>> {
    debug_assert!(cap <= usize::from(u8::MAX));
    if text.len() > cap {
        return Err(EncodeError::TooLong { what, length: text.len(), cap });
    }
    out.push(text.len() as u8);
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// Appends a text with a length of two bytes in front.
#[inline]
pub(super) fn put_text16<E>(
    out: &mut Vec<u8>,
    text: &str,
    cap: usize,
    what: &'static str,
) -> Result<(), EncodeError<E>> {
    debug_assert!(cap <= usize::from(u16::MAX));
    if text.len() > cap {
        return Err(EncodeError::TooLong { what, length: text.len(), cap });
    }
    out.extend_from_slice(&(text.len() as u16).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

/// As much of `text` as fits in `cap` bytes.
pub(super) fn cut(text: &str, cap: usize) -> &str {
    &text[..text.floor_char_boundary(cap)]
}
