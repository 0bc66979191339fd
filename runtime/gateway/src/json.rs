//! JSON objects taken apart without building them: names, and the text of their values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The members of an object, in their order.
#[derive(Debug, Default)]
pub(crate) struct Members<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The value of the first member whose name is meant.
    pub(crate) fn get(&self, meant: impl Fn(&str) -> bool) -> Option<&'a RawValue> {
        self.0.iter().find(|(name, _)| meant(name)).map(|(_, value)| *value)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::with_capacity(8);
        while let Some(Name(name)) = map.next_key()? {
            members.push((name, map.next_value()?));
        }
        Ok(Members(members))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

/// A name; borrowed unless it has escapes. (`Cow` itself never borrows.)
struct Name<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }
            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Writes `text` as a JSON string.
pub(crate) fn write_text(out: &mut Vec<u8>, text: &str) {
    let plain = |b: u8| b >= 0x20 && b != b'"' && b != b'\\';
    if text.bytes().all(plain) {
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(serde_json::Value::from(text).to_string().as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_the_text_of_their_values() {
        let members: Members<'_> =
            serde_json::from_str(r#"{"a": [1, 2], "\u0062": {"c": null}}"#).unwrap();
        assert_eq!(members.get(|name| name == "a").unwrap().get(), "[1, 2]");
        assert_eq!(members.get(|name| matches!(name, "x" | "b")).unwrap().get(), r#"{"c": null}"#);
        assert!(members.get(|name| name == "c").is_none());
    }

    #[test]
    fn what_follows_an_object_is_an_error() {
        assert!(serde_json::from_str::<Members<'_>>(r#"{"a":1},"b":2"#).is_err());
        assert!(serde_json::from_str::<Members<'_>>("[1]").is_err());
    }

    #[test]
    fn texts_are_escaped() {
        let mut out = Vec::new();
        write_text(&mut out, "plain");
        write_text(&mut out, "a\"b\n");
        assert_eq!(out, br#""plain""a\"b\n""#);
    }
}
