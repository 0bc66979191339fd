//! Values to JSON, which has no number for what is NaN or infinite.
//!
//! serde_json writes `null` for those. That is another value, so a text that holds a `null` has the
//! value it was written from looked through once more; most texts hold none.

use std::fmt;

use serde::Serialize;
use serde::ser::{
    self, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

/// The JSON of `value`.
///
/// # Errors
/// Serde's own, or that the value holds a number that JSON hasn't.
pub(crate) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec(value).map_err(|error| error.to_string())?;
    if memchr::memmem::find(&json, b"null").is_some() {
        check(value)?;
    }
    Ok(json)
}

/// Whether JSON can say all numbers of `value`.
///
/// # Errors
/// What it can't.
pub(crate) fn check<T: Serialize + ?Sized>(value: &T) -> Result<(), String> {
    value.serialize(Finite).map_err(|NotFinite(why)| why)
}

/// Why a value is no JSON.
#[derive(Debug)]
struct NotFinite(String);

impl fmt::Display for NotFinite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for NotFinite {}

impl ser::Error for NotFinite {
    fn custom<T: fmt::Display>(why: T) -> Self {
        Self(why.to_string())
    }
}

/// Writes nothing, and looks at every number.
#[derive(Clone, Copy)]
struct Finite;

type Checked = Result<(), NotFinite>;

macro_rules! anything {
    ($($name:ident($type:ty);)*) => {$(
        fn $name(self, _: $type) -> Checked {
            Ok(())
        }
    )*};
}

impl Serializer for Finite {
    type Ok = ();
    type Error = NotFinite;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    anything! {
        serialize_bool(bool);
        serialize_i8(i8);
        serialize_i16(i16);
        serialize_i32(i32);
        serialize_i64(i64);
        serialize_i128(i128);
        serialize_u8(u8);
        serialize_u16(u16);
        serialize_u32(u32);
        serialize_u64(u64);
        serialize_u128(u128);
        serialize_char(char);
        serialize_str(&str);
        serialize_bytes(&[u8]);
        serialize_unit_struct(&'static str);
    }

    fn serialize_f32(self, value: f32) -> Checked {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Checked {
        if value.is_finite() {
            return Ok(());
        }
        Err(NotFinite(format!("it holds the number {value}, which JSON hasn't")))
    }

    fn serialize_none(self) -> Checked {
        Ok(())
    }

    fn serialize_unit(self) -> Checked {
        Ok(())
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, _: &'static str) -> Checked {
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &str, value: &T) -> Checked {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        value: &T,
    ) -> Checked {
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, NotFinite> {
        Ok(self)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Checked {
        Ok(())
    }
}

macro_rules! parts {
    ($($trait:ident: $name:ident($($label:ty)?);)*) => {$(
        impl $trait for Finite {
            type Ok = ();
            type Error = NotFinite;

            fn $name<T: Serialize + ?Sized>(&mut self $(, _: $label)?, value: &T) -> Checked {
                value.serialize(*self)
            }

            fn end(self) -> Checked {
                Ok(())
            }
        }
    )*};
}

parts! {
    SerializeSeq: serialize_element();
    SerializeTuple: serialize_element();
    SerializeTupleStruct: serialize_field();
    SerializeTupleVariant: serialize_field();
    SerializeStruct: serialize_field(&'static str);
    SerializeStructVariant: serialize_field(&'static str);
}

impl SerializeMap for Finite {
    type Ok = ();
    type Error = NotFinite;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, _: &T) -> Checked {
        // serde_json refuses such a key itself.
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Checked {
        value.serialize(*self)
    }

    fn end(self) -> Checked {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Serialize)]
    enum Every {
        Struct { at: Option<f64> },
        Tuple(u8, f32),
        New(Vec<f64>),
    }

    #[test]
    fn numbers_that_json_has_not_are_found_wherever_they_are() {
        let bad = f64::NAN;
        assert!(to_json(&bad).is_err());
        assert!(to_json(&f32::INFINITY).is_err());
        assert!(to_json(&Some(Some(f64::NEG_INFINITY))).is_err());
        assert!(to_json(&(1, "a", [0.0, bad])).is_err());
        assert!(to_json(&BTreeMap::from([("a", vec![bad])])).is_err());
        assert!(to_json(&Every::Struct { at: Some(bad) }).is_err());
        assert!(to_json(&Every::Tuple(1, f32::NAN)).is_err());
        let why = to_json(&Every::New(vec![1.0, bad])).unwrap_err();
        assert_eq!(why, "it holds the number NaN, which JSON hasn't");
    }

    #[test]
    fn what_json_has_is_written() {
        let json = |value: &Every| String::from_utf8(to_json(value).unwrap()).unwrap();
        assert_eq!(json(&Every::Struct { at: None }), r#"{"Struct":{"at":null}}"#);
        assert_eq!(json(&Every::New(vec![-0.0, 1e308])), r#"{"New":[-0.0,1e+308]}"#);
        assert_eq!(to_json(&((), "null")).unwrap(), br#"[null,"null"]"#);
    }
}
