//! A chunked body, as far as it says where it ends.

use memchr::memchr;

use super::Place;

/// The place in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the line before a chunk, so many bytes in: its size so far, and whether the digits are
    /// over.
    Size { size: u64, digits: bool, bytes: usize },
    /// In a chunk and the line break after it.
    Chunk { left: u64 },
    /// In a line of the trailer, so many bytes in.
    Trailer { bytes: usize },
}

/// What a line before a chunk may have without being counted: the longest size, and the line break.
const SIZE_LINE: usize = 18;

impl Chunks {
    pub(super) const fn new() -> Self {
        Self::Size { size: 0, digits: true, bytes: 0 }
    }

    /// Where the next bytes lead, and how many of them; `extra` counts what is neither content nor
    /// its length.
    pub(super) fn feed(self, bytes: &[u8], extra: &mut usize) -> (Place, usize) {
        match self {
            Self::Size { size, digits, bytes: before } => {
                let (next, used) = size_line(size, digits, before, bytes);
                let beyond = |length: usize| length.saturating_sub(SIZE_LINE);
                *extra += beyond(before + used) - beyond(before);
                (next, used)
            }
            Self::Chunk { left } => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let next = match left - used as u64 {
                    0 => Self::new(),
                    left => Self::Chunk { left },
                };
                (Place::Chunks(next), used)
            }
            Self::Trailer { bytes: before } => {
                let (next, used) = match memchr(b'\n', bytes) {
                    // Nothing but the carriage return: the trailer is over.
                    Some(end) if before + end <= 1 => (Place::Head, end + 1),
                    Some(end) => (Place::Chunks(Self::Trailer { bytes: 0 }), end + 1),
                    None => {
                        let so_far = before.saturating_add(bytes.len());
                        (Place::Chunks(Self::Trailer { bytes: so_far }), bytes.len())
                    }
                };
                *extra += used;
                (next, used)
            }
        }
    }
}

fn size_line(mut size: u64, mut digits: bool, before: usize, bytes: &[u8]) -> (Place, usize) {
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
    let bytes_in = before.saturating_add(bytes.len());
    (Place::Chunks(Chunks::Size { size, digits, bytes: bytes_in }), bytes.len())
}
