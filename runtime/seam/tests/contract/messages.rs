//! `#[seam::message]` on types of every form, and `#[message(foreign)]`.

use std::collections::{BTreeMap, VecDeque};

use seam::prelude::*;
use seam_core::call::{Client, Dispatch};
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
    assert_eq!(Wrapped::SHAPE, Shape::text(8).inside(0));
    assert_eq!(Page::<u8>::SHAPE.min_bytes, 9);
    assert_eq!(Page::<Page<u8>>::SHAPE.depth, Page::<u8>::SHAPE.depth + 2);
    assert_eq!(Choice::SHAPE, Shape::leaf(4).inside(0));
}

#[test]
fn a_foreign_type_is_told_by_its_schema() {
    let mut out = Layout::default();
    WithForeign::layout(&mut out);
    assert!(out.into_string().contains("\"format\":\"ip\""));
    let value = WithForeign { any: [127, 0, 0, 1].into() };
    reads(json!({"any": "127.0.0.1"}), &value);
}

#[seam::message]
#[derive(Default)]
struct Change {
    name: Patch<String>,
    age: Patch<u8>,
    #[json(skip_if_none)]
    note: Option<String>,
    kept: Option<u8>,
}

#[seam::message]
#[json(skip_if_none)]
enum Event {
    Renamed { old_name: Option<String>, new_name: String },
}

#[test]
fn absent_and_null_are_told_apart_in_json_and_on_the_wire() {
    let all = Change { name: Patch::Null, age: 7.into(), note: Some("x".into()), kept: Some(1) };
    reads(json!({"name": null, "age": 7, "note": "x", "kept": 1}), &all);
    round_trip(&all, 4 + (4 + 1) + (1 + 8 + 1) + 2);
    let none = Change::default();
    reads(json!({"kept": null}), &none);
    assert_eq!(serde_json::from_value::<Change>(json!({})).unwrap(), none);
    round_trip(&none, 4 + 4 + 1 + 1);
    let schema = schemars_of::<Change>();
    assert!(schema.get("required").is_none(), "{schema}");
}

fn schemars_of<T: Message>() -> Value {
    seam::__private::schemars::schema_for!(T).to_value()
}

#[test]
fn what_is_left_out_in_json_crosses_the_wire_wherever_it_is() {
    let event = Event::Renamed { old_name: None, new_name: "Ada".into() };
    reads(json!({"renamed": {"newName": "Ada"}}), &event);
    let by_name = BTreeMap::from([("a".to_owned(), event.clone())]);
    round_trip(&by_name, 8 + 9 + 4 + 1 + 11);
    round_trip(&VecDeque::from([Some(event.clone())]), 8 + 1 + 4 + 1 + 11);
    round_trip(&[event], 4 + 1 + 11);
}

#[seam::contract(name = "editor", version = "1.0")]
trait Editor {
    #[call(public)]
    async fn edit(&self, id: u8, bio: Patch<String>) -> Patch<String>;
}

struct Echo;

impl Editor for Echo {
    async fn edit(&self, _: u8, bio: Patch<String>) -> Patch<String> {
        bio
    }
}

#[tokio::test]
async fn an_argument_may_be_absent() {
    let client = Client::<EditorContract>::local(Echo).unwrap();
    for (arguments, bio) in [
        (r#"{"id": 1}"#, Patch::Absent),
        (r#"{"id": 1, "bio": null}"#, Patch::Null),
        (r#"{"id": 1, "bio": "x"}"#, Patch::Value("x".to_owned())),
    ] {
        assert_eq!(EditorClient::from(client.clone()).edit(1, bio.clone()).await, Ok(bio.clone()));
        let options = CallOptions::default();
        let reply = EditorContract::call_json(&client, 0, arguments.as_bytes(), options);
        let answer = reply.unwrap().await.unwrap();
        let expected = if bio == Patch::Value("x".to_owned()) { "\"x\"" } else { "null" };
        assert_eq!(answer.into_json(), expected.as_bytes());
    }
}
