//! The `Location` of what was made, from fields of the answer.

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::value::RawValue;

use crate::json::Members;
use crate::target;

/// What has to be encoded in a segment of a path.
const SEGMENT: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'/')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// A template such as `/api/order/{order.id}`.
#[derive(Debug)]
pub(crate) struct Location(Vec<Part>);

#[derive(Debug)]
enum Part {
    Text(String),
    Field(Vec<String>),
}

impl Location {
    /// Reads a template; an error says what is wrong with it.
    pub(crate) fn parse(template: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = template;
        while let Some((text, more)) = rest.split_once('{') {
            let Some((field, after)) = more.split_once('}') else {
                return Err("has a `{` without its `}` in its location".into());
            };
            let names: Vec<_> = field.split('.').map(String::from).collect();
            if names.iter().any(String::is_empty) {
                return Err(format!(
                    "has the location `{template}`, and `{{{field}}}` is no field"
                ));
            }
            parts.push(Part::Text(text.into()));
            parts.push(Part::Field(names));
            rest = after;
        }
        parts.push(Part::Text(rest.into()));
        let text = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(_) => "x".into(),
        };
        let example: String = parts.iter().map(text).collect();
        match is_read_alike(&example) {
            true => Ok(Self(parts)),
            false => Err(format!("has the location `{template}`, which no edge would accept")),
        }
    }

    /// The pointers to the fields that fill a route's path, in its order; `None` if the two templates
    /// aren't alike.
    pub(crate) fn fills(&self, path: &str) -> Option<Vec<String>> {
        let path = Self::parse(path).ok()?;
        let mut pointers = Vec::new();
        let alike = self.0.len() == path.0.len()
            && self.0.iter().zip(&path.0).all(|parts| match parts {
                (Part::Text(text), Part::Text(other)) => text == other,
                (Part::Field(names), Part::Field(_)) => {
                    pointers.push(format!("/{}", names.join("/")));
                    true
                }
                _ => false,
            });
        alike.then_some(pointers)
    }

    /// The location of an answer; `None` if the answer lacks a field, or if the edge itself would
    /// refuse a request for that: with a slash or nothing in a segment, say.
    pub(crate) fn of(&self, answer: &[u8]) -> Option<String> {
        let mut location = String::new();
        for part in &self.0 {
            match part {
                Part::Text(text) => location.push_str(text),
                Part::Field(names) => location.push_str(&field(answer, names)?),
            }
        }
        is_read_alike(&location).then_some(location)
    }
}

/// The longest location: what a request has room for in its head, wherever it is sent.
const LONGEST: usize = 4 << 10;

/// Whether a request for that would be accepted by the edge.
fn is_read_alike(location: &str) -> bool {
    let after_scheme = location.split_once("://").map(|(_, rest)| rest);
    let path = match after_scheme {
        Some(rest) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => location,
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    location.len() <= LONGEST && target::path(path).is_ok()
}

/// A field's value, encoded as a segment.
fn field(answer: &[u8], names: &[String]) -> Option<String> {
    let mut value: &RawValue = serde_json::from_slice(answer).ok()?;
    for name in names {
        value =
            serde_json::from_str::<Members<'_>>(value.get()).ok()?.get(|other| other == name)?;
    }
    match value.get() {
        text if text.starts_with('"') => {
            let text: String = serde_json::from_str(text).ok()?;
            // Without a name it would be the collection's location.
            if text.is_empty() {
                return None;
            }
            Some(utf8_percent_encode(&text, SEGMENT).to_string())
        }
        "null" => None,
        number if !number.starts_with(['{', '[']) => Some(number.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_has_the_answers_fields() {
        let location = Location::parse("/api/order/{order.id}/by/{who}").unwrap();
        let answer = br#"{"who": "a?b \"c\"", "order": {"products": [], "id": 7}}"#;
        assert_eq!(location.of(answer).unwrap(), "/api/order/7/by/a%3Fb%20%22c%22");
        assert_eq!(location.of(br#"{"who": "x", "order": {}}"#), None);
        assert_eq!(location.of(br#"{"who": "x", "order": {"id": null}}"#), None);
        assert_eq!(location.of(b"7"), None);
    }

    #[test]
    fn no_location_is_made_that_would_be_refused() {
        let location = Location::parse("/api/{who}").unwrap();
        let of = |who: &str| location.of(serde_json::json!({ "who": who }).to_string().as_bytes());
        for who in ["", ".", "..", "a/b", "/", "a\\b", "a\0b", "a\nb"] {
            assert_eq!(of(who), None, "{who:?}");
        }
        assert_eq!(of(&"x".repeat(5000)), None);
        assert_eq!(of("caf\u{e9} #1?").unwrap(), "/api/caf%C3%A9%20%231%3F");
        let elsewhere = Location::parse("https://other/{who}?next=//x").unwrap();
        assert_eq!(elsewhere.of(br#"{"who": "a"}"#).unwrap(), "https://other/a?next=//x");
        assert_eq!(elsewhere.of(br#"{"who": ".."}"#), None);
        for template in ["/a//{b}", "/a/../{b}", "/a\\{b}", "/%2f{b}"] {
            assert!(Location::parse(template).is_err(), "{template}");
        }
    }

    #[test]
    fn a_location_fills_the_path_that_it_is_like() {
        let location = Location::parse("/api/order/{order.id}/by/{who}").unwrap();
        let pointers = vec!["/order/id".to_owned(), "/who".to_owned()];
        assert_eq!(location.fills("/api/order/{id}/by/{user_id}"), Some(pointers));
        for other in ["/api/order/{id}", "/api/order/{id}/by/x", "/api/orders/{id}/by/{who}"] {
            assert_eq!(location.fills(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_template_is_refused() {
        assert!(Location::parse("/a/{b").is_err());
        assert!(Location::parse("/a/{}").is_err());
        assert!(Location::parse("/a/{b.}").is_err());
        assert_eq!(Location::parse("/a").unwrap().of(b"null").unwrap(), "/a");
    }
}
