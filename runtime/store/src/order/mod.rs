//! Keys as bytes that sort as the keys do.
//!
//! | type | bytes |
//! | --- | --- |
//! | `bool`, unsigned numbers, `char` | big-endian, of fixed width |
//! | signed numbers | the same, with the sign bit turned over |
//! | floats | their bits, turned over so that they sort from −NaN by −∞, −0, 0, ∞ to NaN |
//! | text, bytes | as they are, a zero as `00 01`, and `00 00` behind them |
//! | `Option` | `00`, or `01` and the value |
//! | tuples, structs | one part after the other |
//! | lists, sets, maps | `01` before each element, `00` behind them |
//! | enums | the variant's number (a byte, or `FF` and four), and what it holds |
//!
//! No encoding is another's beginning, so that parts can stand one after the other.

mod decode;
mod encode;

pub(crate) use self::{
    decode::decode,
    encode::{encode, encode_open},
};

/// What a text's own zero becomes, and what ends it: an end sorts before everything that goes on.
const ZERO: [u8; 2] = [0, 1];
const END: [u8; 2] = [0, 0];

/// The first variant whose number takes more than a byte.
const LONG: u8 = 0xFF;

/// serde's or our own words for what can't be a key.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Fault(String);

impl serde::ser::Error for Fault {
    fn custom<T: std::fmt::Display>(cause: T) -> Self {
        Self(cause.to_string())
    }
}

impl serde::de::Error for Fault {
    fn custom<T: std::fmt::Display>(cause: T) -> Self {
        Self(cause.to_string())
    }
}

#[cfg(test)]
mod tests {
    use std::{cmp::Ordering, fmt::Debug};

    use proptest::prelude::*;
    use serde::{Deserialize, Serialize, de::DeserializeOwned};

    use super::*;

    /// Variants in their order, one with content, and a newtype.
    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    enum Kind {
        Plain,
        Named(String),
        Pair(i8, u8),
        Fields { a: Option<i32>, b: bool },
        Id(Id),
    }

    #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
    struct Id(i64);

    fn kind() -> impl Strategy<Value = Kind> {
        prop_oneof![
            Just(Kind::Plain),
            text().prop_map(Kind::Named),
            any::<(i8, u8)>().prop_map(|(a, b)| Kind::Pair(a, b)),
            any::<(Option<i32>, bool)>().prop_map(|(a, b)| Kind::Fields { a, b }),
            any::<i64>().prop_map(|id| Kind::Id(Id(id))),
        ]
    }

    /// Short, and of few different bytes, so that many are beginnings of one another.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(
            prop_oneof![Just(0), Just(1), Just(2), Just(254), Just(255)],
            0..5,
        )
    }

    fn some_texts() -> impl Strategy<Value = Vec<Option<String>>> {
        proptest::collection::vec(proptest::option::of(text()), 0..3)
    }

    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![Just('\0'), Just('\u{1}'), Just('a'), Just('ä')],
            0..5,
        )
        .prop_map(|chars| chars.into_iter().collect())
    }

    /// Both come back as they were, and compare as their bytes do.
    fn holds<T: Serialize + DeserializeOwned + Debug + PartialEq>(a: &T, b: &T, order: Ordering) {
        let (x, y) = (encode(a).unwrap(), encode(b).unwrap());
        assert_eq!(x.cmp(&y), order, "{a:?} as {x:?}, {b:?} as {y:?}");
        assert_eq!(&decode::<T>(&x).unwrap(), a);
        assert_eq!(&decode::<T>(&y).unwrap(), b);
    }

    proptest! {
        #[test]
        fn numbers(a: (i8, u16, i32, u64, bool, char), b: (i8, u16, i32, u64, bool, char)) {
            holds(&a, &b, a.cmp(&b));
            holds(&a.0, &b.0, a.0.cmp(&b.0));
            holds(&a.2, &b.2, a.2.cmp(&b.2));
            holds(&a.5, &b.5, a.5.cmp(&b.5));
        }

        #[test]
        fn wide_numbers(a: (i128, u128, i64), b: (i128, u128, i64)) {
            holds(&a, &b, a.cmp(&b));
            holds(&a.2, &b.2, a.2.cmp(&b.2));
        }

        #[test]
        fn floats(a: f64, b: f64, c: f32, d: f32) {
            let (x, y) = (encode(&a).unwrap(), encode(&b).unwrap());
            prop_assert_eq!(x.cmp(&y), a.total_cmp(&b));
            prop_assert_eq!(decode::<f64>(&x).unwrap().to_bits(), a.to_bits());
            let (x, y) = (encode(&c).unwrap(), encode(&d).unwrap());
            prop_assert_eq!(x.cmp(&y), c.total_cmp(&d));
            prop_assert_eq!(decode::<f32>(&x).unwrap().to_bits(), c.to_bits());
        }

        #[test]
        fn texts(a in text(), b in text(), c: u8, d: u8) {
            holds(&a, &b, a.cmp(&b));
            holds(&(a.clone(), c), &(b.clone(), d), (a, c).cmp(&(b, d)));
        }

        #[test]
        fn lists(a in bytes(), b in bytes(), c in some_texts(), d in some_texts()) {
            holds(&(a.clone(), c.clone()), &(b.clone(), d.clone()), (a, c).cmp(&(b, d)));
        }

        #[test]
        fn enums(a in kind(), b in kind(), c: Option<Option<u8>>, d: Option<Option<u8>>) {
            holds(&a, &b, a.cmp(&b));
            holds(&(a.clone(), c), &(b.clone(), d), (a, c).cmp(&(b, d)));
        }

        #[test]
        fn whole_parts_are_prefixes(a in text(), b in kind(), c: i64) {
            let whole = encode(&(&a, &b, c)).unwrap();
            prop_assert!(whole.starts_with(&encode(&a).unwrap()));
            prop_assert!(whole.starts_with(&encode(&(&a, &b)).unwrap()));
        }

        #[test]
        fn the_beginnings_of_texts_are_prefixes(a in text(), b in text(), c in text(), d: u8) {
            let begins = encode(&(d, &a)).unwrap().starts_with(&encode_open(&(d, &b)).unwrap());
            prop_assert_eq!(begins, a.starts_with(&b));
            let longer = format!("{a}{c}");
            prop_assert!(encode(&longer).unwrap().starts_with(&encode_open(&a).unwrap()));
        }

        #[test]
        fn damage_is_an_error(bytes in proptest::collection::vec(0_u8..4, 0..24)) {
            let _ = decode::<(u64, String, Option<Vec<u8>>)>(&bytes);
            let _ = decode::<Kind>(&bytes);
            let _ = decode::<Vec<(char, bool)>>(&bytes);
        }
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        assert!(decode::<u8>(&[1, 2]).is_err());
        assert!(decode::<String>(b"ab").is_err(), "no end");
        assert!(decode::<String>(&[b'a', 0, 7]).is_err(), "a zero that is neither");
        assert!(decode::<bool>(&[2]).is_err());
    }
}
