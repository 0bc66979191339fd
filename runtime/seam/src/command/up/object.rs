//! A line of a child as one JSON object, whatever the child has written.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value as Json};

use super::super::logs::Origin;

/// The object: the unit, its instance if there are several, and then what the line has, or the line
/// itself if it is no object. A line that says itself where it comes from stays as it is.
pub(super) fn object(origin: &Origin, line: &[u8]) -> String {
    let mut object = Map::new();
    object.insert("unit".into(), origin.unit.as_str().into());
    if let Some(instance) = origin.instance {
        object.insert("instance".into(), instance.into());
    }
    match serde_json::from_slice(line) {
        Ok(Unique(Json::Object(members)))
            if object.iter().all(|(key, value)| members.get(key) == Some(value)) =>
        {
            object = members;
        }
        Ok(Unique(Json::Object(members))) => {
            members.into_iter().for_each(|(key, value)| add(&mut object, key, value));
        }
        _ => add(&mut object, "message".into(), String::from_utf8_lossy(line).into()),
    }
    Json::Object(object).to_string()
}

/// Adds a member; if there is one of that key, under another key, so that both can be read.
fn add(members: &mut Map<String, Json>, mut key: String, value: Json) {
    while members.contains_key(&key) {
        key.insert_str(0, "line.");
    }
    members.insert(key, value);
}

/// A value in which no object has a key twice, at any depth.
struct Unique(Json);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Values)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Unique;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Unique, E> {
        Ok(Unique(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Unique, E> {
        Ok(Unique(Json::Null))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Unique, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = from.next_element()? {
            values.push(value);
        }
        Ok(Unique(values.into()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Unique, A::Error> {
        let mut members = Map::new();
        while let Some((key, Unique(value))) = from.next_entry()? {
            add(&mut members, key, value);
        }
        Ok(Unique(members.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pay(instance: Option<u16>, line: &[u8]) -> String {
        object(&Origin { unit: "pay".into(), instance }, line)
    }

    #[test]
    fn a_line_that_says_whose_it_is_stays_as_it_is() {
        let line = r#"{"level":"INFO","unit":"pay","message":"x"}"#;
        assert_eq!(pay(None, line.as_bytes()), line);
        let named = r#"{"unit":"pay","instance":1,"line.level":"INFO"}"#;
        assert_eq!(pay(Some(1), named.as_bytes()), named);
        assert!(pay(Some(1), line.as_bytes()).starts_with(r#"{"unit":"pay","instance":1,"level""#));
        assert!(pay(Some(1), line.as_bytes()).contains(r#""line.unit":"pay""#));
    }

    #[test]
    fn objects_keep_what_they_have_behind_their_unit() {
        let line = br#"{"level":"INFO","n":-1,"big":18446744073709551615,"f":0.1,"a":[null,true]}"#;
        assert_eq!(
            pay(None, line),
            format!(r#"{{"unit":"pay",{}"#, String::from_utf8_lossy(&line[1..]))
        );
        assert_eq!(pay(None, b" { } "), r#"{"unit":"pay"}"#);
    }

    #[test]
    fn what_is_no_object_becomes_a_message() {
        for line in [&b"oh \"no\""[..], b"", b"[1]", b"{\"a\":1} b", b"{\"a\":", b"\xff\x00{}"] {
            let object: Json = serde_json::from_str(&pay(None, line)).unwrap();
            assert_eq!(object["message"], *String::from_utf8_lossy(line));
            assert_eq!(object["unit"], "pay");
        }
    }

    #[test]
    fn no_key_stands_twice() {
        let line = br#"{"unit":"of the line","x":1,"x":2,"span":{"name":"a","name":"b"},"x":3}"#;
        assert_eq!(
            pay(None, line),
            r#"{"unit":"pay","line.unit":"of the line","x":1,"line.x":2,"#.to_owned()
                + r#""span":{"name":"a","line.name":"b"},"line.line.x":3}"#
        );
    }
}
