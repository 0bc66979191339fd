//! What `#[seam::message]` encodes part after part is what serde encodes, and what the one refuses
//! the other refuses, in the same words.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use seam_core::codec::{self, CodecError};
use seam_core::contract::{Layout, Message, Shape};
use serde::{Deserialize, Serialize};

/// A value that is encoded by serde alone.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "T: Message")]
struct BySerde<T>(T);

impl<T: Message> JsonSchema for BySerde<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

impl<T: Message> Message for BySerde<T> {
    const SHAPE: Shape = Shape::leaf(0);

    fn layout(out: &mut Layout) {
        T::layout(out);
    }
}

#[seam::message]
#[derive(Copy)]
struct Plain {
    id: u64,
    small: i8,
    parts: [u16; 3],
    pair: (f32, u128),
}

#[seam::message]
struct Wide([Plain; 2], [i64; 9]);

#[seam::message]
struct Unit;

#[seam::message]
enum Kind {
    None,
    Empty {},
    One(Plain),
    Two(String, Option<Box<Plain>>),
    Named { bytes: Vec<u8>, r#type: char, unit: Unit },
}

#[seam::message]
struct Everything<T> {
    flag: bool,
    size: usize,
    plain: Plain,
    plains: Vec<Plain>,
    wide: Option<Wide>,
    kinds: Vec<Kind>,
    bytes: Vec<Vec<u8>>,
    #[message(foreign)]
    address: IpAddr,
    map: BTreeMap<String, Plain>,
    tuple: (u8, String, T),
    given: T,
}

fn plain(id: u64) -> Plain {
    Plain { id, small: -3, parts: [1, 2, 65_535], pair: (0.5, 1 << 100) }
}

fn everything() -> Everything<Option<u32>> {
    Everything {
        flag: true,
        size: 7,
        plain: plain(1),
        plains: vec![plain(2), plain(3)],
        wide: Some(Wide([plain(4), plain(5)], [-1; 9])),
        kinds: vec![
            Kind::None,
            Kind::Empty {},
            Kind::One(plain(6)),
            Kind::Two("tea".to_owned(), Some(Box::new(plain(7)))),
            Kind::Two("水".to_owned(), None),
            Kind::Named { bytes: vec![1, 2, 3], r#type: 'ß', unit: Unit },
        ],
        bytes: vec![vec![], vec![9; 40]],
        address: [10, 0, 0, 1].into(),
        map: [("a".to_owned(), plain(8))].into(),
        tuple: (1, String::new(), Some(2)),
        given: None,
    }
}

fn encoded<T: Message>(value: &T) -> Vec<u8> {
    let mut out = vec![0xaa];
    codec::encode(value, &mut out).unwrap();
    assert_eq!(out.remove(0), 0xaa);
    out
}

/// Both read the same from these bytes, or refuse them with the same words.
#[track_caller]
fn agree<T: Message + Debug>(bytes: &[u8]) {
    let ours: Result<T, CodecError> = codec::decode(bytes);
    let serdes: Result<BySerde<T>, CodecError> = codec::decode(bytes);
    match (ours, serdes) {
        // By their bytes, for not every float equals itself.
        (Ok(ours), Ok(serdes)) => assert_eq!(encoded(&ours), encoded(&serdes), "{bytes:?}"),
        (Err(ours), Err(serdes)) => assert_eq!(ours, serdes, "{bytes:?}"),
        (ours, serdes) => panic!("{ours:?} and {serdes:?} of {bytes:?}"),
    }
}

#[test]
fn the_bytes_are_those_of_serde() {
    let value = everything();
    let bytes = encoded(&value);
    assert_eq!(bytes, encoded(&BySerde(value.clone())));
    assert_eq!(codec::decode::<Everything<Option<u32>>>(&bytes), Ok(value));
}

#[test]
fn broken_bytes_are_refused_as_by_serde() {
    let bytes = encoded(&everything());
    for cut in 0..=bytes.len() {
        agree::<Everything<Option<u32>>>(&bytes[..cut]);
    }
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[place] ^= 1 << bit;
            agree::<Everything<Option<u32>>>(&flipped);
        }
    }
    agree::<Everything<Option<u32>>>(&[&bytes[..], &[0]].concat());
}

#[test]
fn elements_that_are_claimed_and_missing_are_refused_as_by_serde() {
    for claimed in [0_u64, 1, 2, 3, 40, 1 << 40, u64::MAX] {
        for there in [0, 1, 7, 31, 32, 64, 80] {
            let bytes = [&claimed.to_le_bytes()[..], &vec![1; there]].concat();
            agree::<Vec<Plain>>(&bytes);
            agree::<Vec<u8>>(&bytes);
            agree::<Vec<(u64, bool)>>(&bytes);
            agree::<Vec<String>>(&bytes);
            agree::<Option<Vec<u64>>>(&bytes);
            agree::<Kind>(&bytes);
        }
    }
}

#[test]
fn only_numbers_are_plain() {
    let plain_ones = [Plain::SHAPE, Wide::SHAPE, <(u8, [f64; 2])>::SHAPE];
    assert!(plain_ones.iter().all(|shape| shape.plain));
    assert_eq!(encoded(&plain(1)).len(), Plain::SHAPE.min_bytes as usize);
    let not = [
        bool::SHAPE,
        char::SHAPE,
        String::SHAPE,
        usize::SHAPE,
        <Option<u8>>::SHAPE,
        <Vec<u8>>::SHAPE,
        Kind::SHAPE,
        <(u8, bool)>::SHAPE,
        <Everything<u8>>::SHAPE,
    ];
    assert!(not.iter().all(|shape| !shape.plain));
}
