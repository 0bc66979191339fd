//! Which versions of the protocol a side speaks, and what two sides make of that.

use super::bytes::Reader;
use super::extension;
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
    /// What it can do besides, a bit each; no bit has a meaning yet.
    pub capabilities: u64,
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
        Self { lowest: FIRST_VERSION, highest: PROTOCOL_VERSION, capabilities: 0 };

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

    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.lowest.to_le_bytes());
        out.extend_from_slice(&self.highest.to_le_bytes());
        out.extend_from_slice(&self.capabilities.to_le_bytes());
        // No extensions.
        out.push(0);
    }

    /// Reads what stands behind a hello's services, if anything does.
    pub(super) fn decode(mut reader: Reader<'_>) -> Result<Option<Self>, Violation> {
        if reader.rest().is_empty() {
            return Ok(None);
        }
        let lowest = reader.u16("lowest version")?;
        let highest = reader.u16("highest version")?;
        let capabilities = reader.u64("capabilities")?;
        let extensions = extension::check(reader.rest())?;
        reader.bytes(extensions, "extensions")?;
        reader.end()?;
        Ok(Some(Self { lowest, highest, capabilities }))
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
        versions(1, 7, 9).encode(&mut bytes);
        assert_eq!(Versions::decode(Reader::new(&bytes)), Ok(Some(versions(1, 7, 9))));
        *bytes.last_mut().unwrap() = 1;
        bytes.extend_from_slice(&[5, 0, 2, 0, b'h', b'i']);
        assert_eq!(Versions::decode(Reader::new(&bytes)), Ok(Some(versions(1, 7, 9))));
        assert_eq!(Versions::decode(Reader::new(&[])), Ok(None));
        for end in 1..bytes.len() {
            assert!(Versions::decode(Reader::new(&bytes[..end])).is_err(), "{end}");
        }
        bytes.push(0);
        assert_eq!(Versions::decode(Reader::new(&bytes)), Err(Violation::TrailingBytes(1)));
    }
}
