//! A chunked body, as far as it says where it ends.

use memchr::memchr;

use super::Place;

/// The place in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line before a chunk: its size so far, and whether the digits are over.
    Size { size: u64, digits: bool },
    /// In a chunk and the line break after it.
    Chunk { left: u64 },
    /// In a line of the trailer, so many bytes in.
    Trailer { bytes: usize },
}

impl Chunks {
    pub(super) const fn new() -> Self {
        Self::Size { size: 0, digits: true }
    }

    /// Where the next bytes lead, and how many of them.
    pub(super) fn feed(self, bytes: &[u8]) -> (Place, usize) {
        match self {
            Self::Size { size, digits } => size_line(size, digits, bytes),
            Self::Chunk { left } => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let next = match left - used as u64 {
                    0 => Self::new(),
                    left => Self::Chunk { left },
                };
                (Place::Chunks(next), used)
            }
            Self::Trailer { bytes: before } => match memchr(b'\n', bytes) {
                // Nothing but the carriage return: the trailer is over.
                Some(end) if before + end <= 1 => (Place::Head, end + 1),
                Some(end) => (Place::Chunks(Self::Trailer { bytes: 0 }), end + 1),
                None => {
                    let so_far = before.saturating_add(bytes.len());
                    (Place::Chunks(Self::Trailer { bytes: so_far }), bytes.len())
                }
            },
        }
    }
}

fn size_line(mut size: u64, mut digits: bool, bytes: &[u8]) -> (Place, usize) {
    for (i, byte) in bytes.iter().enumerate() {
        match (byte, char::from(*byte).to_digit(16)) {
            (b'\n', _) => {
                let next = match size {
                    0 => Chunks::Trailer { bytes: 0 },
                    // With the line break after the chunk.
                    size => Chunks::Chunk { left: size.saturating_add(2) },
                };
                return (Place::Chunks(next), i + 1);
            }
            (_, Some(digit)) if digits => match size.checked_mul(16) {
                Some(more) => size = more | u64::from(digit),
                None => return (Place::Lost, bytes.len()),
            },
            _ => digits = false,
        }
    }
    (Place::Chunks(Chunks::Size { size, digits }), bytes.len())
}
