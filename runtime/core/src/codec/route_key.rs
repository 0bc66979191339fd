//! A hash of a value that is the same in every process, on every machine and in every release.

use super::message::Message;
use super::write::{Sink, Writer};

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl Fnv {
    const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
}

impl Sink for Fnv {
    // Nothing is gained by putting bytes together first.
    const GROWS: bool = false;

    #[inline(always)]
    fn reserve(&mut self, _: usize) {}

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(Self::PRIME);
        }
    }
}

/// The hash by which calls with the same `value` go to the same instance: FNV-1a of the encoded
/// value, so that callers agree on it whoever they are. `None` for what can't be encoded.
///
/// Equal values have the same hash if they are encoded alike. A `HashMap` or `HashSet` isn't: its
/// order is another one each time.
pub fn route_key<T: Message>(value: &T) -> Option<u64> {
    let mut hash = Fnv(Fnv::BASIS);
    Writer::new(&mut hash).value(value).ok()?;
    Some(hash.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::encode;

    /// FNV-1a as its authors write it down, over the encoded bytes.
    fn plain<T: Message>(value: &T) -> u64 {
        let mut bytes = Vec::new();
        encode(value, &mut bytes).unwrap();
        let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(1_099_511_628_211);
        bytes.iter().fold(14_695_981_039_346_656_037, step)
    }

    #[test]
    fn a_hash_never_changes() {
        // Callers of other releases send their calls by these.
        assert_eq!(route_key(&()), Some(0xcbf2_9ce4_8422_2325));
        assert_eq!(route_key(&b'a'), Some(0xaf63_dc4c_8601_ec8c), "the authors' test vector");
        assert_eq!(route_key(&7_u64), Some(plain(&7_u64)));
        let text = String::from("order 7");
        assert_eq!(route_key(&text), Some(plain(&text)));
        let pair = (Some(3_u16), vec![1_u32, 2]);
        assert_eq!(route_key(&pair), Some(plain(&pair)));
        assert_ne!(route_key(&7_u64), route_key(&8_u64));
    }
}
