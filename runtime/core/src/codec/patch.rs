//! A value that may be absent, null, or there: what a change of something says of one of its fields.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::check::Broken;
use super::{Fault, Layout, Message, Reader, Shape, Sink, Writer};

/// What a change says of one field: nothing, that it has no value from now on, or its value.
///
/// In JSON a field that is left out is [`Absent`](Self::Absent), and `null` is [`Null`](Self::Null);
/// a field or an argument that is written `Patch<…>` is left out in what is sent, too. By itself, as
/// an element of a list, an absent one is `null`.
///
/// ```
/// use seam_core::codec::Patch;
///
/// let mut bio = Some("Hello".to_owned());
/// Patch::Absent.apply(&mut bio);
/// assert_eq!(bio.as_deref(), Some("Hello"));
/// Patch::Null.apply(&mut bio);
/// assert_eq!(bio, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Patch<T> {
    /// Nothing is said: it stays as it is.
    #[default]
    Absent,
    /// It has no value from now on.
    Null,
    /// Its value from now on.
    Value(T),
}

impl<T> Patch<T> {
    /// Whether nothing is said.
    pub const fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }

    /// What is said, if anything: `None` for no value from now on.
    pub fn said(self) -> Option<Option<T>> {
        match self {
            Self::Absent => None,
            Self::Null => Some(None),
            Self::Value(value) => Some(Some(value)),
        }
    }

    /// Changes `field` as is said.
    pub fn apply(self, field: &mut Option<T>) {
        if let Some(said) = self.said() {
            *field = said;
        }
    }
}

impl<T> From<T> for Patch<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}

/// As it is written where nobody reads it: null would look as absent in some formats.
#[derive(Serialize, Deserialize)]
enum Tagged<T> {
    Absent,
    Null,
    Value(T),
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let tagged = match self {
                Self::Absent => Tagged::Absent,
                Self::Null => Tagged::Null,
                Self::Value(value) => Tagged::Value(value),
            };
            return tagged.serialize(serializer);
        }
        match self {
            Self::Absent | Self::Null => serializer.serialize_none(),
            Self::Value(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(match Tagged::deserialize(deserializer)? {
                Tagged::Absent => Self::Absent,
                Tagged::Null => Self::Null,
                Tagged::Value(value) => Self::Value(value),
            });
        }
        Ok(Option::deserialize(deserializer)?.map_or(Self::Null, Self::Value))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn inline_schema() -> bool {
        <Option<T>>::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        <Option<T>>::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        <Option<T>>::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        <Option<T>>::json_schema(generator)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Patch<T> {
    const SHAPE: Shape = T::SHAPE.optional(4);

    fn layout(out: &mut Layout) {
        out.text("<absent|null|value(");
        T::layout(out);
        out.text(")|>");
    }

    #[inline]
    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        match self {
            Self::Absent => out.variant(0),
            Self::Null => out.variant(1),
            Self::Value(value) => {
                out.variant(2);
                out.value(value)?;
            }
        }
        Ok(())
    }

    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        match from.variant()? {
            0 => Ok(Self::Absent),
            1 => Ok(Self::Null),
            2 => from.value().map(Self::Value),
            other => Err(Fault::no_variant(other, 3)),
        }
    }

    #[inline]
    fn check(&self) -> Result<(), Broken> {
        match self {
            Self::Value(value) => value.check(),
            Self::Absent | Self::Null => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn all_three_cross_the_wire_and_are_told_apart() {
        for patch in [Patch::Absent, Patch::Null, Patch::Value(7_u16)] {
            let mut bytes = Vec::new();
            codec::encode(&patch, &mut bytes).unwrap();
            assert_eq!(codec::decode::<Patch<u16>>(&bytes), Ok(patch));
            let mut by_serde = Vec::new();
            patch.serialize(&mut Writer::new(&mut by_serde)).unwrap();
            assert_eq!(bytes, by_serde);
        }
        let nested = Patch::Value(Some(1_u8));
        let mut bytes = Vec::new();
        codec::encode(&nested, &mut bytes).unwrap();
        assert_eq!(codec::decode(&bytes), Ok(nested));
    }

    #[test]
    fn what_is_said_is_applied() {
        let apply = |patch: Patch<u8>| {
            let mut field = Some(1);
            patch.apply(&mut field);
            field
        };
        assert_eq!(apply(Patch::Absent), Some(1));
        assert_eq!(apply(Patch::Null), None);
        assert_eq!(apply(2.into()), Some(2));
    }
}
