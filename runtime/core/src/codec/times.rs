//! `time::OffsetDateTime` in fields and arguments, alone, in an `Option` or in a `Vec`: a text by
//! RFC 3339 in JSON, and its parts on the wire.
//!
//! It has no JSON Schema of its own, so that it can't be a message by itself; the macros name this
//! module wherever they see it.

use std::borrow::Cow;
use std::marker::PhantomData;

use ::time::OffsetDateTime;
use ::time::serde::rfc3339;
use schemars::{JsonSchema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something made of times.
pub trait Times: Sized {
    /// Writes it.
    ///
    /// # Errors
    /// The serializer's own, and of a year that RFC 3339 can't write.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads it.
    ///
    /// # Errors
    /// The deserializer's own.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;

    /// Its JSON Schema.
    fn schema(generator: &mut SchemaGenerator) -> schemars::Schema;
}

impl Times for OffsetDateTime {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            rfc3339::serialize(self, serializer)
        } else {
            self.serialize(serializer)
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            rfc3339::deserialize(deserializer)
        } else {
            Self::deserialize(deserializer)
        }
    }

    fn schema(_: &mut SchemaGenerator) -> schemars::Schema {
        json_schema!({ "type": "string", "format": "date-time" })
    }
}

/// A value that is written and read as such.
struct As<T>(T);

impl<T: Times> Serialize for As<&T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

impl<'de, T: Times> Deserialize<'de> for As<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

impl<T: Times> Times for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().map(As).serialize(serializer)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<As<T>>::deserialize(deserializer)?.map(|read| read.0))
    }

    fn schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        <Option<Schema<T>>>::json_schema(generator)
    }
}

impl<T: Times> Times for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(As))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Vec::<As<T>>::deserialize(deserializer)?;
        Ok(read.into_iter().map(|read| read.0).collect())
    }

    fn schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        <Vec<Schema<T>>>::json_schema(generator)
    }
}

/// Writes a field.
///
/// # Errors
/// As [`Times::write`].
pub fn serialize<T: Times, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// Reads a field.
///
/// # Errors
/// As [`Times::read`].
pub fn deserialize<'de, T: Times, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// Stands for such a type where its JSON Schema is asked for.
#[derive(Debug)]
pub struct Schema<T>(PhantomData<T>);

impl<T: Times> JsonSchema for Schema<T> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Time".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> schemars::Schema {
        T::schema(generator)
    }
}
