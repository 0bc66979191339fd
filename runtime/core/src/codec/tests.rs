use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::time::Duration;

use bincode::config::{Configuration, Fixint, Limit, LittleEndian};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Unit;
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(u32);
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Pair(i16, Option<char>);
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Either {
    Neither,
    One(String),
    Two(u8, i128),
    Named { left: Box<str>, right: Vec<bool> },
}
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct All {
    numbers: (u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize),
    floats: [f64; 2],
    float: f32,
    flag: bool,
    letters: Vec<char>,
    text: String,
    unit: Unit,
    wrapped: Wrapped,
    pair: Pair,
    nothing: (),
    maybe: Option<Option<u16>>,
    either: Vec<Either>,
    map: BTreeMap<String, Vec<u8>>,
    time: Duration,
    address: IpAddr,
}

fn all() -> All {
    All {
        numbers: (1, 2, 3, 4, 5, 6, -7, -8, -9, -10, -11, -12),
        floats: [0.5, -1e300],
        float: 2.5,
        flag: true,
        letters: "aß水🦀".chars().collect(),
        text: "tea, Ærø".to_owned(),
        unit: Unit,
        wrapped: Wrapped(77),
        pair: Pair(-3, Some('é')),
        nothing: (),
        maybe: Some(None),
        either: vec![
            Either::Neither,
            Either::One(String::new()),
            Either::Two(9, i128::MIN),
            Either::Named { left: "l".into(), right: vec![true, false] },
        ],
        map: [("a".to_owned(), vec![1, 2]), ("b".to_owned(), vec![])].into(),
        time: Duration::new(3, 4),
        address: [10, 0, 0, 1].into(),
    }
}

fn library() -> Configuration<LittleEndian, Fixint, Limit<MAX_BODY>> {
    bincode::config::legacy().with_limit::<MAX_BODY>()
}

fn written<T: Serialize>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.serialize(&mut Writer::new(&mut out)).unwrap();
    out
}

/// The value and how many bytes it took; `None` for bytes that are none.
fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<(T, usize)> {
    let mut reader = Reader::new(bytes);
    let value = T::deserialize(&mut reader).ok()?;
    Some((value, bytes.len() - reader.left()))
}

/// Neither side accepts what the other doesn't, whatever the bytes are.
fn agrees<T: DeserializeOwned + Serialize>(bytes: &[u8]) {
    let theirs = bincode::serde::decode_from_slice::<T, _>(bytes, library()).ok();
    let ours = read::<T>(bytes);
    // By their bytes, for not every float equals itself.
    let bytes_of = |found: Option<(T, usize)>| found.map(|(value, used)| (written(&value), used));
    assert_eq!(bytes_of(ours), bytes_of(theirs), "{bytes:?}");
}

#[test]
fn the_bytes_are_bincodes() {
    let value = all();
    let bytes = written(&value);
    assert_eq!(bytes, bincode::serde::encode_to_vec(&value, library()).unwrap());
    assert_eq!(read::<All>(&bytes), Some((value, bytes.len())));
}

#[test]
fn broken_bytes_are_refused_as_bincode_refuses_them() {
    let bytes = written(&all());
    for cut in 0..bytes.len() {
        assert_eq!(read::<All>(&bytes[..cut]), None, "cut at {cut}");
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            agrees::<All>(&flipped);
        }
    }
}

#[test]
fn any_bytes_mean_what_they_mean_to_bincode() {
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let len = random.usize(..40);
        // Small numbers, so that many are lengths, variants and flags that can be.
        let bytes: Vec<u8> =
            (0..len).map(|_| if random.bool() { random.u8(..4) } else { random.u8(..) }).collect();
        agrees::<char>(&bytes);
        agrees::<Vec<char>>(&bytes);
        agrees::<(bool, Option<u8>, Either)>(&bytes);
        agrees::<Vec<Either>>(&bytes);
        agrees::<BTreeMap<u8, String>>(&bytes);
        agrees::<Pair>(&bytes);
    }
}

#[test]
fn a_value_survives_the_round_trip() {
    let value = (7_u64, "tea".to_owned(), vec![Some(1_u32), None]);
    let mut bytes = vec![9];
    encode(&value, &mut bytes).unwrap();
    assert_eq!(decode::<(u64, String, Vec<Option<u32>>)>(&bytes[1..]), Ok(value));
}

#[test]
fn a_length_beyond_the_bytes_allocates_nothing() {
    for claimed in [1_u64, 1 << 40, u64::MAX] {
        let bytes = claimed.to_le_bytes();
        assert!(matches!(decode::<Vec<u8>>(&bytes), Err(CodecError::Malformed(_))));
        assert!(matches!(decode::<String>(&bytes), Err(CodecError::Malformed(_))));
        // Billions of elements of no bytes would keep a thread busy for seconds.
        assert!(read::<Vec<()>>(&bytes).is_none());
        assert!(read::<BTreeMap<(), ()>>(&bytes).is_none());
    }
}

#[test]
fn left_over_bytes_are_an_error() {
    assert_eq!(decode::<u8>(&[1, 2, 3]), Err(CodecError::Trailing(2)));
}

#[test]
fn what_is_too_large_leaves_the_buffer_alone() {
    let mut out = vec![1, 2];
    let error = encode(&vec![0_u8; MAX_BODY], &mut out);
    assert!(matches!(error, Err(CodecError::TooLarge(_))));
    assert_eq!(out, [1, 2]);
    assert_eq!(decode::<Vec<u8>>(&vec![0; MAX_BODY + 1]), Err(CodecError::TooLarge(MAX_BODY + 1)));
}

#[test]
fn what_only_json_can_tell_is_refused_with_the_reason() {
    #[derive(Debug, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Untagged {
        Number(u8),
    }
    let bytes = written(&Untagged::Number(1));
    let refused = Untagged::deserialize(&mut Reader::new(&bytes)).unwrap_err();
    assert!(refused.to_string().contains("untagged"), "{refused}");

    struct Endless;
    impl Serialize for Endless {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_seq((0..).take_while(|n: &u8| *n < 3).filter(|n| *n != 1))
        }
    }
    assert!(Endless.serialize(&mut Writer::new(&mut Vec::new())).is_err());
}

#[test]
fn a_type_that_claims_too_much_takes_no_more_room_than_a_message() {
    struct Boastful;
    impl Serialize for Boastful {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serde::ser::SerializeSeq::end(serializer.serialize_seq(Some(usize::MAX))?)
        }
    }
    let mut out = Vec::new();
    Boastful.serialize(&mut Writer::new(&mut out)).unwrap();
    assert!(out.capacity() <= 2 * MAX_BODY);
}
