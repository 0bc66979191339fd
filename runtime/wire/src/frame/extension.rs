//! What a head may carry beyond the fields of its version: entries of an id, a length and bytes.
//! Who doesn't know an entry's id passes it by, so entries may be added without a new version.

use super::bytes::Reader;
use crate::limits::{MAX_EXTENSIONS, MAX_EXTENSIONS_LEN};
use crate::violation::{EncodeError, Violation};

/// What an entry takes besides its value: its id and its length.
const ENTRY: usize = 4;

/// In the head of a call: what other tracers say of its trace, as W3C's `tracestate` has it.
pub const TRACESTATE: u16 = 1;

/// One entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// What it is.
    pub id: u16,
    /// What it says.
    pub value: &'a [u8],
}

/// The entries of a head as they are written, and checked.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions<'a> {
    /// Empty, or the number of entries (one byte) and the entries.
    pub(super) bytes: &'a [u8],
}

impl<'a> Extensions<'a> {
    /// No entries: nothing is written for them.
    pub const NONE: Extensions<'static> = Extensions { bytes: &[] };

    /// Whether there is no entry.
    #[inline]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The entries, in their order.
    pub fn iter(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        let (count, rest) = self.bytes.split_first().map_or((0, &[][..]), |(n, rest)| (*n, rest));
        let mut reader = Reader::new(rest);
        // They were checked when they were read or written.
        (0..count).map_while(move |_| entry(&mut reader).ok())
    }

    /// The value of the first entry of this id.
    pub fn get(&self, id: u16) -> Option<&'a [u8]> {
        self.iter().find(|entry| entry.id == id).map(|entry| entry.value)
    }
}

impl std::fmt::Debug for Extensions<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

fn entry<'a>(reader: &mut Reader<'a>) -> Result<Extension<'a>, Violation> {
    let id = reader.u16("extension")?;
    let length = usize::from(reader.u16("extension")?);
    Ok(Extension { id, value: reader.bytes(length, "extension")? })
}

/// How many of the bytes are the entries' with their number, all checked.
pub(super) fn check(bytes: &[u8]) -> Result<usize, Violation> {
    let mut reader = Reader::new(bytes);
    let count = usize::from(reader.u8("extensions")?);
    if count > MAX_EXTENSIONS {
        let cap = MAX_EXTENSIONS;
        return Err(Violation::TooLong { what: "extensions", length: count, cap });
    }
    for _ in 0..count {
        entry(&mut reader)?;
    }
    let length = bytes.len() - reader.rest().len();
    if length > MAX_EXTENSIONS_LEN {
        let cap = MAX_EXTENSIONS_LEN;
        return Err(Violation::TooLong { what: "extensions", length, cap });
    }
    Ok(length)
}

/// [`Extensions`] with their bytes, to be written once and sent with many heads.
#[derive(Debug, Clone, Default)]
pub struct ExtensionsBuf {
    bytes: Vec<u8>,
}

impl ExtensionsBuf {
    /// Adds an entry. There may be 16 of them, and 1 KiB in all.
    ///
    /// # Errors
    ///
    /// If that is too many or too much; the entries are then as they were.
    pub fn push(&mut self, id: u16, value: &[u8]) -> Result<(), EncodeError> {
        let what = "extensions";
        let count = self.bytes.first().map_or(0, |count| usize::from(*count)) + 1;
        if count > MAX_EXTENSIONS {
            return Err(EncodeError::TooLong { what, length: count, cap: MAX_EXTENSIONS });
        }
        let length = self.bytes.len().max(1) + ENTRY + value.len();
        if length > MAX_EXTENSIONS_LEN {
            return Err(EncodeError::TooLong { what, length, cap: MAX_EXTENSIONS_LEN });
        }
        match self.bytes.first_mut() {
            Some(first) => *first = count as u8,
            None => self.bytes.push(1),
        }
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.bytes.extend_from_slice(&(value.len() as u16).to_le_bytes());
        self.bytes.extend_from_slice(value);
        Ok(())
    }

    /// The entries.
    pub fn entries(&self) -> Extensions<'_> {
        Extensions { bytes: &self.bytes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_back_and_unknown_ones_are_passed_by() {
        let mut buf = ExtensionsBuf::default();
        assert!(buf.entries().is_empty() && buf.entries().iter().next().is_none());
        buf.push(7, b"seven").unwrap();
        buf.push(9, b"").unwrap();
        buf.push(7, b"again").unwrap();
        let entries = buf.entries();
        assert_eq!(entries.iter().map(|entry| entry.id).collect::<Vec<_>>(), [7, 9, 7]);
        assert_eq!((entries.get(7), entries.get(9)), (Some(&b"seven"[..]), Some(&b""[..])));
        assert_eq!(entries.get(8), None);
        let mut bytes = entries.bytes.to_vec();
        bytes.extend_from_slice(b"body");
        assert_eq!(check(&bytes), Ok(bytes.len() - 4));
    }

    #[test]
    fn their_number_and_their_size_are_capped() {
        let mut buf = ExtensionsBuf::default();
        for id in 0..MAX_EXTENSIONS as u16 {
            buf.push(id, b"x").unwrap();
        }
        assert!(matches!(buf.push(99, b""), Err(EncodeError::TooLong { length: 17, .. })));
        assert_eq!(check(buf.entries().bytes), Ok(buf.entries().bytes.len()));
        let mut many = buf.entries().bytes.to_vec();
        many[0] += 1;
        many.extend_from_slice(&[0; ENTRY]);
        assert!(matches!(check(&many), Err(Violation::TooLong { length: 17, .. })));

        let mut buf = ExtensionsBuf::default();
        assert!(buf.push(1, &[0; MAX_EXTENSIONS_LEN]).is_err());
        buf.push(1, &[0; MAX_EXTENSIONS_LEN - 1 - ENTRY]).unwrap();
        assert_eq!(check(buf.entries().bytes), Ok(MAX_EXTENSIONS_LEN));
        let mut large = vec![1, 1, 0];
        large.extend_from_slice(&(MAX_EXTENSIONS_LEN as u16).to_le_bytes());
        large.resize(large.len() + MAX_EXTENSIONS_LEN, 0);
        assert!(matches!(check(&large), Err(Violation::TooLong { .. })));
        assert_eq!(check(&[1, 1, 0, 9, 0, 5]), Err(Violation::Truncated("extension")));
    }
}
