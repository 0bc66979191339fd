//! Arguments from the text of a JSON object.

use serde::de::DeserializeOwned;

use super::strict::Strict;

/// What is said of a text that is no value, at most so many bytes.
const LONGEST: usize = 512;

/// Reads a value to the letter: see [`strict`](super::strict).
///
/// # Errors
/// What is wrong, and where: `` `products[0].quantity`: … ``.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, String> {
    // Looked through once here, and not text by text by the parser.
    let json = std::str::from_utf8(json).map_err(|_| "the arguments aren't UTF-8")?;
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = T::deserialize(Strict::new(&mut reader));
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| why_not::<T>(json, &error))
}

/// Reads once more, and follows the way to what is wrong.
#[cold]
fn why_not<T: DeserializeOwned>(json: &str, error: &serde_json::Error) -> String {
    let mut reader = serde_json::Deserializer::from_str(json);
    let why = match serde_path_to_error::deserialize::<_, T>(Strict::new(&mut reader)) {
        Err(error) if error.path().iter().len() > 0 => {
            let why = error.inner().to_string();
            format!("`{}`: {}", error.path(), without_position(&why))
        }
        _ => without_position(&error.to_string()).to_owned(),
    };
    cut(why)
}

/// The text of an error without its position, for the caller may have put the text together from
/// elsewhere: the position would mislead.
fn without_position(error: &str) -> &str {
    error.rfind(" at line ").map_or(error, |at| &error[..at])
}

/// Names are a stranger's, and may be long.
fn cut(mut why: String) -> String {
    if why.len() > LONGEST {
        why.truncate(why.floor_char_boundary(LONGEST));
        why.push('…');
    }
    why
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};
    use std::fmt::Debug;

    use serde::Deserialize;
    use serde_json::Value;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Order {
        #[serde(default)]
        products: Vec<Line>,
        #[serde(default)]
        by: BTreeMap<String, Line>,
        pay: Option<Pay>,
    }

    #[derive(Debug, Default, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Line {
        product: u8,
        #[serde(default, alias = "unit_price")]
        unit_price: u64,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Pay {
        Card { number: String },
        Both(Box<Line>, (u8, Option<Line>)),
        Points(Line),
    }

    /// A type that refuses unknown members itself.
    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Denying {
        line: Line,
    }

    /// Types that read ahead, or by hand.
    #[derive(Debug, PartialEq, Deserialize)]
    struct Foreign {
        id: u8,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Line(Line),
        Number(f64),
    }

    fn why<T: DeserializeOwned + Debug>(json: &str) -> String {
        read::<T>(json.as_bytes()).unwrap_err()
    }

    #[test]
    fn unknown_members_are_told_at_every_depth() {
        for (json, place) in [
            (
                r#"{"produkts": []}"#,
                "`produkts`: there is no such member: did you mean `products`?",
            ),
            (
                r#"{"products": [{"product": 1}, {"product": 1, "unitPrize": 2}]}"#,
                "`products[1].unitPrize`: there is no such member: did you mean `unitPrice`?",
            ),
            (r#"{"by": {"a": {"product": 1, "x": {"y": []}}}}"#, "`by.a.x`: "),
            (r#"{"pay": {"Card": {"number": "1", "numbr": "2"}}}"#, "`pay.Card.numbr`: "),
            (r#"{"pay": {"Points": {"product": 1, "nr": "2"}}}"#, "`pay.Points.nr`: "),
            (r#"{"pay": {"Both": [{"product": 1}, [1, {"product": 1, "nr": 3}]]}}"#, "nr`: "),
            (r#"{"\u0062y2": {}}"#, "`by2`: "),
        ] {
            let why = why::<Order>(json);
            assert!(why.contains(place), "{json}: {why}");
        }
        let denied = why::<Denying>(r#"{"line": {"product": 1}, "lime": 1}"#);
        assert_eq!(denied, "`lime`: there is no such member: did you mean `line`?");
    }

    #[test]
    fn a_struct_is_no_array() {
        for json in [
            "[]",
            r#"{"products": [[1, 2]]}"#,
            r#"{"by": {"a": [1, 2]}}"#,
            r#"{"pay": {"Card": ["1"]}}"#,
            r#"{"pay": {"Points": [1, 2]}}"#,
            r#"{"pay": {"Both": [[1, 2], [1, null]]}}"#,
        ] {
            let why = why::<Order>(json);
            assert!(why.contains("invalid type: sequence, expected an object"), "{json}: {why}");
        }
        assert_eq!(why::<Vec<Order>>("[[]]"), "`[0]`: invalid type: sequence, expected an object");
    }

    #[test]
    fn a_member_comes_once() {
        for json in [
            r#"{"product": 1, "product": 1}"#,
            r#"{"product": 1, "unitPrice": 1, "unit_price": 1}"#,
        ] {
            assert!(why::<Line>(json).contains("duplicate field"), "{json}");
        }
    }

    /// A message that is a map itself, and one of keys of another kind.
    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
    enum Color {
        Red,
        Blue,
    }

    #[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
    struct Id(Option<u64>);

    #[test]
    fn a_key_comes_once() {
        let twice = "the key comes twice in its object";
        type Map<K> = BTreeMap<K, u8>;
        type Nested = HashMap<String, Vec<Option<Map<String>>>>;
        for (said, place) in [
            (why::<Map<String>>(r#"{"a": 1, "b": 2, "a": 1}"#), "`a`"),
            (why::<Map<String>>(r#"{"a": 1, "\u0061": 1}"#), "`a`"),
            (why::<HashMap<u8, u8>>(r#"{"1": 1, "12": 1, "1": 2}"#), "`1`"),
            (why::<Map<i64>>(r#"{"-1": 1, "1": 1, "-1": 2}"#), "`-1`"),
            (why::<Map<u128>>(r#"{"1": 1, "2": 1, "1": 2}"#), ""),
            (why::<Map<bool>>(r#"{"true": 1, "false": 1, "true": 2}"#), ""),
            (why::<Map<char>>(r#"{"a": 1, "a": 2}"#), "`a`"),
            (why::<Map<Color>>(r#"{"Red": 1, "Blue": 1, "Red": 2}"#), ""),
            (why::<Map<Id>>(r#"{"7": 1, "8": 1, "7": 2}"#), ""),
            (why::<Nested>(r#"{"a": [null, {"b": 1}, {"b": 1, "c": 2, "b": 3}]}"#), "`a[2].b`"),
            (why::<Order>(r#"{"by": {"a": {"product": 1}, "a": {"product": 1}}}"#), "`by.a`"),
            (why::<Value>(r#"[{"a": {"b": 1, "b": 2}}]"#), "`[0].a.b`"),
            (why::<Foreign>(r#"{"id": 1, "rest": {"c": [{"d": 1, "d": 1}]}}"#), ""),
            (why::<Foreign>(r#"{"id": 1, "a": 1, "a": 1}"#), ""),
            (why::<Vec<Either>>(r#"[{"product": 1, "product": 2}]"#), ""),
            (why::<(u8, Map<String>)>(r#"[1, {"a": 1, "a": 2}]"#), "`[1].a`"),
        ] {
            assert!(said.contains(twice) && said.contains(place), "{place}: {said}");
        }
        let both: Map<Id> = read(br#"{"7": 1, "8": 2}"#).unwrap();
        assert_eq!(both.len(), 2);
        let numbers: Map<i64> = read(br#"{"-1": 1, "1": 2, "18": 3}"#).unwrap();
        assert_eq!(numbers, [(-1, 1), (1, 2), (18, 3)].into());
        let colors: HashMap<Color, u8> = read(br#"{"Red": 1, "Blue": 2}"#).unwrap();
        assert_eq!(colors, [(Color::Red, 1), (Color::Blue, 2)].into());
        let apart: Vec<Map<String>> = read(br#"[{"a": 1}, {"a": 1}]"#).unwrap();
        assert_eq!(apart.len(), 2, "one in each object");
    }

    #[test]
    fn what_is_right_is_read() {
        let order: Order = read(
            br#"{"products": [{"product": 1, "unit_price": 2}], "by": {"a": {"product": 3}},
                 "pay": {"Both": [{"product": 4}, [5, null]]}}"#,
        )
        .unwrap();
        assert_eq!(order.products, [Line { product: 1, unit_price: 2 }]);
        assert_eq!(order.by["a"].product, 3);
        let both = Pay::Both(Box::new(Line { product: 4, unit_price: 0 }), (5, None));
        assert_eq!(order.pay, Some(both));
        let foreign: Foreign = read(br#"{"id": 1, "more": [1], "and": {"more": 2}}"#).unwrap();
        assert_eq!(foreign.rest.len(), 2);
        let either: Vec<Either> = read(br#"[1.5, {"product": 1}]"#).unwrap();
        assert_eq!(either, [Either::Number(1.5), Either::Line(Line { product: 1, unit_price: 0 })]);
        let wide: (u128, i128) = read(b"[340282366920938463463374607431768211455, -1]").unwrap();
        assert_eq!(wide, (u128::MAX, -1));
        assert!(read::<Order>(b"{} {}").is_err());
        assert!(read::<Order>(b"\xff").is_err());
    }

    #[test]
    fn what_is_said_of_long_names_is_short() {
        let json = format!(r#"{{"{}": 1}}"#, "é".repeat(5_000));
        assert!(why::<Order>(&json).len() < LONGEST + 4);
    }

    #[test]
    fn finite_numbers_are_read_exactly() {
        for (text, value) in [
            ("0.1", 0.1),
            ("1e308", 1e308),
            ("-0.0", -0.0),
            ("-0", -0.0),
            ("5e-324", 5e-324),
            ("2.2250738585072011e-308", 2.225_073_858_507_201e-308),
            ("122.416294033786585", 122.416_294_033_786_58),
            ("9007199254740993", 9_007_199_254_740_992.0),
            ("18446744073709551616", 18_446_744_073_709_551_616.0),
            ("1e-400", 0.0),
        ] {
            let read: f64 = read(text.as_bytes()).unwrap();
            assert_eq!(read.to_bits(), f64::to_bits(value), "{text}");
        }
        // Rounded once, to the nearest of its own kind.
        for (text, value) in [
            ("0.1", 0.1),
            ("1.00000017881393432617187499", 1.000_000_1),
            ("3.4028235e38", f32::MAX),
            ("16777217", 16_777_216.0),
        ] {
            let read: f32 = read(text.as_bytes()).unwrap();
            assert_eq!(read.to_bits(), f32::to_bits(value), "{text}");
        }
    }

    #[test]
    fn numbers_that_do_not_fit_are_refused() {
        assert!(why::<f64>("1e400").contains("out of range"));
        assert!(why::<Vec<f32>>("[3e39]").contains("out of range"));
        assert!(read::<f32>(format!("4{}", "0".repeat(38)).as_bytes()).is_err());
        assert!(read::<Option<f32>>(b"-3e39").is_err());
        for json in ["256", "-1", "1.0", "1e1", "18446744073709551616"] {
            assert!(read::<u8>(json.as_bytes()).is_err(), "{json}");
        }
        assert!(read::<u64>(b"18446744073709551616").is_err());
        assert!(read::<u128>(b"340282366920938463463374607431768211456").is_err());
    }
}
