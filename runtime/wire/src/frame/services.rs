//! Which of the services of a hello are active, and which are well: a bit for each, in the hello and
//! whenever that changes.
//!
//! A service keeps its number for as long as its unit runs, so that a call on its way still means the
//! same service after others have left.

use std::convert::Infallible;

use super::{kind, whole};
use crate::limits::{MAX_OFFERS, MAX_SERVICES};
use crate::violation::{EncodeError, Violation};

/// Some of the services of a hello, as bytes say it: service `n` by bit `n % 8`, from the lowest, of byte
/// `n / 8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServiceSet<'a> {
    bytes: &'a [u8],
}

/// [`ServiceSet`] with their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSetBuf {
    bytes: Box<[u8]>,
}

impl<'a> ServiceSet<'a> {
    /// Reads the bytes, of which there may be one per eight services that a hello can list.
    pub(super) const fn decode(bytes: &'a [u8]) -> Result<Self, Violation> {
        if bytes.len() > MAX_OFFERS {
            let (what, cap) = ("offers", MAX_OFFERS);
            return Err(Violation::TooLong { what, length: bytes.len(), cap });
        }
        Ok(Self { bytes })
    }

    /// Whether these are about a hello of so many services: there is a bit for each, and no other bit
    /// is set.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub fn check(self, services: usize) -> Result<(), Violation> {
        let expected = services.div_ceil(8);
        if self.bytes.len() < expected {
            return Err(Violation::Truncated("offers"));
        }
        if self.bytes.len() > expected {
            return Err(Violation::TrailingBytes(self.bytes.len() - expected));
        }
        let spare = 8 * expected - services;
        match self.bytes.last() {
            Some(last) if last.leading_zeros() < spare as u32 => Err(Violation::Reserved("offers")),
            _ => Ok(()),
        }
    }

    /// Whether this service is one of them.
    #[inline]
    pub fn contains(self, service: u16) -> bool {
        let service = usize::from(service);
        self.bytes.get(service / 8).is_some_and(|byte| byte & (1 << (service % 8)) != 0)
    }

    /// The same, to be kept.
    pub fn to_buf(self) -> ServiceSetBuf {
        ServiceSetBuf { bytes: self.bytes.into() }
    }

    /// The bytes.
    pub(super) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }
}

impl ServiceSetBuf {
    /// Says of each service, in the hello's order, whether it is one of them; of as many as a hello can
    /// list.
    pub fn new(services: impl IntoIterator<Item = bool>) -> Self {
        let mut bytes = Vec::new();
        for (service, is) in services.into_iter().take(MAX_SERVICES).enumerate() {
            if service % 8 == 0 {
                bytes.push(0);
            }
            if let Some(last) = bytes.last_mut() {
                *last |= u8::from(is) << (service % 8);
            }
        }
        Self { bytes: bytes.into() }
    }

    /// The same, to be read or written.
    #[inline]
    pub fn as_set(&self) -> ServiceSet<'_> {
        ServiceSet { bytes: &self.bytes }
    }
}

/// Appends an offers frame: which of the hello's services are active from now on.
pub fn encode_offers(out: &mut Vec<u8>, active: ServiceSet<'_>) {
    encode(out, kind::OFFERS, active);
}

/// Appends a health frame: which of the hello's services are well from now on.
pub fn encode_health(out: &mut Vec<u8>, well: ServiceSet<'_>) {
    encode(out, kind::HEALTH, well);
}

fn encode(out: &mut Vec<u8>, kind: u8, services: ServiceSet<'_>) {
    let fits: Result<(), EncodeError<Infallible>> = whole(out, usize::MAX, |out| {
        out.extend_from_slice(&[0, 0, 0, 0, kind]);
        out.extend_from_slice(services.bytes);
        Ok(())
    });
    debug_assert!(fits.is_ok(), "it is shorter than any cap");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bit_for_each_service_and_no_other() {
        for services in [0, 1, 7, 8, 9, MAX_SERVICES] {
            let made = ServiceSetBuf::new((0..services).map(|n| n % 3 == 0));
            let read = ServiceSet::decode(&made.bytes).unwrap();
            assert_eq!((read, read.check(services)), (made.as_set(), Ok(())));
            let is = |n: usize| read.contains(n as u16);
            assert!((0..services).all(|n| is(n) == (n % 3 == 0)) && !is(services));
        }
        let check = |bytes: &[u8], services| ServiceSet::decode(bytes).unwrap().check(services);
        assert_eq!(check(&[0b111], 3), Ok(()));
        assert_eq!(check(&[0b111], 2), Err(Violation::Reserved("offers")));
        assert_eq!(check(&[], 1), Err(Violation::Truncated("offers")));
        assert_eq!(check(&[1, 0], 8), Err(Violation::TrailingBytes(1)));
        assert!(ServiceSet::decode(&[0; MAX_OFFERS + 1]).is_err());
    }
}
