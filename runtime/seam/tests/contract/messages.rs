//! `#[seam::message]` on types of every form, and `#[message(foreign)]`.

use seam_core::codec;
use seam_core::contract::{Layout, Message, Shape};
use serde_json::{Value, json};

#[seam::message]
struct Unit;

#[seam::message]
struct Empty {}

#[seam::message]
#[derive(Eq, Hash)]
struct Wrapped(String);

#[seam::message]
struct Page<T> {
    items: Vec<T>,
    next_page: Option<u64>,
}

#[seam::message]
#[serde(rename_all_fields = "UPPERCASE")]
enum Choice {
    NumberOne,
    HasField {
        some_field: u8,
    },
    #[serde(rename_all = "snake_case", rename = "3")]
    Renamed {
        some_field: u8,
    },
}

#[seam::message]
struct WithForeign {
    #[message(foreign)]
    any: std::net::IpAddr,
}

#[track_caller]
fn round_trip<T: Message + PartialEq + std::fmt::Debug>(value: &T, bytes: usize) {
    let mut encoded = Vec::new();
    codec::encode(value, &mut encoded).unwrap();
    assert_eq!(encoded.len(), bytes);
    assert!(encoded.len() >= T::SHAPE.min_bytes as usize);
    assert_eq!(codec::decode::<T>(&encoded).as_ref(), Ok(value));
}

#[track_caller]
fn reads<T: Message + PartialEq + std::fmt::Debug>(json: Value, value: &T) {
    assert_eq!(serde_json::to_value(value).unwrap(), json);
    assert_eq!(&serde_json::from_value::<T>(json).unwrap(), value);
}

#[test]
fn every_form_survives_the_codec() {
    round_trip(&Unit, 0);
    round_trip(&Empty {}, 0);
    round_trip(&Wrapped("tea".to_owned()), 11);
    round_trip(&Page { items: vec![1_u8, 2], next_page: Some(3) }, 8 + 2 + 9);
    round_trip(&Choice::NumberOne, 4);
    round_trip(&Choice::Renamed { some_field: 1 }, 5);
}

#[test]
fn json_is_in_camel_case_unless_told_otherwise() {
    reads(json!(null), &Unit);
    reads(json!({}), &Empty {});
    reads(json!("tea"), &Wrapped("tea".to_owned()));
    reads(json!({"items": [1], "nextPage": null}), &Page { items: vec![1_u8], next_page: None });
    reads(json!("numberOne"), &Choice::NumberOne);
    reads(json!({"hasField": {"SOME_FIELD": 1}}), &Choice::HasField { some_field: 1 });
    reads(json!({"3": {"some_field": 1}}), &Choice::Renamed { some_field: 1 });
}

#[test]
fn a_shape_counts_the_least_bytes_and_the_depth() {
    assert_eq!(Unit::SHAPE.min_bytes, 0);
    assert_eq!(Wrapped::SHAPE, Shape { depth: 2, min_bytes: 8, plain: false });
    assert_eq!(Page::<u8>::SHAPE.min_bytes, 9);
    assert_eq!(Page::<Page<u8>>::SHAPE.depth, Page::<u8>::SHAPE.depth + 2);
    assert_eq!(Choice::SHAPE, Shape { depth: 2, min_bytes: 4, plain: false });
}

#[test]
fn a_foreign_type_is_told_by_its_schema() {
    let mut out = Layout::default();
    WithForeign::layout(&mut out);
    assert!(out.into_string().contains("\"format\":\"ip\""));
    let value = WithForeign { any: [127, 0, 0, 1].into() };
    reads(json!({"any": "127.0.0.1"}), &value);
}
