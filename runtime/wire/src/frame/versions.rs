//! Which versions of the protocol a side speaks, and what two sides make of that.

use super::bytes::Reader;
use super::{Extensions, extension};
use crate::violation::Violation;

/// The highest version of the protocol that this build speaks.
pub const PROTOCOL_VERSION: u16 = 2;
/// The first version; who says nothing of versions speaks this one alone.
pub const FIRST_VERSION: u16 = 1;

/// What a side can do: what stands in its hello behind the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// The lowest version that it speaks.
    pub lowest: u16,
    /// The highest version that it speaks.
    pub highest: u16,
    /// What it can do besides, a bit each: see [`Capabilities`].
    pub capabilities: u64,
}

/// The bits of what a side can do besides its versions. What goes by a bit is sent only where both sides
/// have it.
#[derive(Debug)]
pub enum Capabilities {}

impl Capabilities {
    /// It reads offers frames, which say anew which of a hello's services are active.
    pub const OFFERS: u64 = 1 << 0;
    /// It reads replies that are marked as degraded.
    pub const DEGRADED: u64 = 1 << 1;
    /// It reads health frames, which say anew which of a hello's services are well.
    pub const HEALTH: u64 = 1 << 2;
    /// It takes calls whose arguments are JSON text, and answers them in JSON.
    pub const JSON: u64 = 1 << 3;
    /// All that this build can do.
    pub const ALL: u64 = Self::OFFERS | Self::DEGRADED | Self::HEALTH | Self::JSON;
}

/// What both sides of a connection hold to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settled {
    /// The highest version that both speak.
    pub version: u16,
    /// What both can do.
    pub capabilities: u64,
}

impl Versions {
    /// Who says nothing of versions.
    pub const FIRST: Self = Self { lowest: FIRST_VERSION, highest: FIRST_VERSION, capabilities: 0 };
    /// This build.
    pub const CURRENT: Self =
        Self { lowest: FIRST_VERSION, highest: PROTOCOL_VERSION, capabilities: Capabilities::ALL };

    /// What this side and a peer's hold to: the same on both.
    ///
    /// # Errors
    ///
    /// If there is no version that both speak.
    pub fn settle(self, theirs: Self) -> Result<Settled, Violation> {
        let version = self.highest.min(theirs.highest);
        if version < self.lowest.max(theirs.lowest) {
            return Err(Violation::NoCommonVersion {
                lowest: theirs.lowest,
                highest: theirs.highest,
            });
        }
        Ok(Settled { version, capabilities: self.capabilities & theirs.capabilities })
    }

    /// Appends them, and what the hello says besides.
    pub(super) fn encode(self, out: &mut Vec<u8>, extensions: Extensions<'_>) {
        out.extend_from_slice(&self.lowest.to_le_bytes());
        out.extend_from_slice(&self.highest.to_le_bytes());
        out.extend_from_slice(&self.capabilities.to_le_bytes());
        match extensions.bytes {
            [] => out.push(0),
            bytes => out.extend_from_slice(bytes),
        }
    }

    /// Reads what stands behind a hello's services, if anything does.
    pub(super) fn decode(
        mut reader: Reader<'_>,
    ) -> Result<Option<(Self, Extensions<'_>)>, Violation> {
        if reader.rest().is_empty() {
            return Ok(None);
        }
        let lowest = reader.u16("lowest version")?;
        let highest = reader.u16("highest version")?;
        let capabilities = reader.u64("capabilities")?;
        let extensions = extension::check(reader.rest())?;
        let bytes = reader.bytes(extensions, "extensions")?;
        reader.end()?;
        Ok(Some((Self { lowest, highest, capabilities }, Extensions { bytes })))
    }
}

impl Settled {
    /// What holds until the hellos have settled more.
    pub const FIRST: Self = Self { version: FIRST_VERSION, capabilities: 0 };

    /// Whether the heads of calls may have extensions: from version 2 on.
    #[inline]
    pub const fn has_extensions(self) -> bool {
        self.version > FIRST_VERSION
    }

    /// Whether both sides have this capability.
    #[inline]
    pub const fn has(self, capability: u64) -> bool {
        self.capabilities & capability != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn versions(lowest: u16, highest: u16, capabilities: u64) -> Versions {
        Versions { lowest, highest, capabilities }
    }

    #[test]
    fn both_sides_settle_on_the_highest_they_share() {
        let cases = [
            (versions(1, 2, 0b011), versions(1, 2, 0b110), Some((2, 0b010))),
            (versions(1, 2, 1), Versions::FIRST, Some((1, 0))),
            (versions(2, 5, 7), versions(1, 3, 7), Some((3, 7))),
            (versions(2, 2, 0), Versions::FIRST, None),
            (versions(1, 2, 0), versions(3, 9, 0), None),
            (versions(1, 2, 0), versions(2, 1, 0), None),
        ];
        for (ours, theirs, settled) in cases {
            let settled = settled.map(|(version, capabilities)| Settled { version, capabilities });
            assert_eq!(ours.settle(theirs).ok(), settled, "{ours:?} {theirs:?}");
            assert_eq!(theirs.settle(ours).ok(), settled, "{theirs:?} {ours:?}");
        }
    }

    #[test]
    fn what_stands_behind_capabilities_is_passed_by() {
        let mut bytes = Vec::new();
        let read = |bytes: &[u8]| {
            let read = Versions::decode(Reader::new(bytes));
            read.map(|read| {
                read.map(|(versions, extensions)| (versions, extensions.iter().count()))
            })
        };
        versions(1, 7, 9).encode(&mut bytes, Extensions::NONE);
        assert_eq!(read(&bytes), Ok(Some((versions(1, 7, 9), 0))));
        *bytes.last_mut().unwrap() = 1;
        bytes.extend_from_slice(&[5, 0, 2, 0, b'h', b'i']);
        assert_eq!(read(&bytes), Ok(Some((versions(1, 7, 9), 1))));
        assert_eq!(read(&[]), Ok(None));
        for end in 1..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{end}");
        }
        bytes.push(0);
        assert_eq!(read(&bytes), Err(Violation::TrailingBytes(1)));
    }
}
