//! Values from JSON, read to the letter: at every depth, a struct is an object and nothing else, and
//! has no members that its type doesn't know; a map has each key once.
//!
//! Serde's own readers take a struct from an array as well, by the order of its fields, and pass over
//! unknown members; rows of tables and messages from newer peers need that. What comes in by JSON
//! was mostly written by hand: there, a misspelt name that is passed over is an order that does
//! something else. So is a key that comes twice, of which one entry would be lost.
//!
//! [`Strict`] is put around a deserializer, and hands itself on to everything within. A type sees no
//! difference in what it takes: maps, options, enums, and whatever reads itself by hand.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::entries::Entries;
use crate::name;

/// A deserializer that reads to the letter.
pub(super) struct Strict<'a, D> {
    inner: D,
    /// The member of a struct that the value is, if it is one.
    member: Option<Member<'a>>,
}

/// A member of a struct, and the names that its type knows.
#[derive(Clone, Copy)]
struct Member<'a> {
    name: &'a str,
    known: &'static [&'static str],
}

impl<D> Strict<'_, D> {
    pub(super) const fn new(inner: D) -> Self {
        Self { inner, member: None }
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Strict<'_, D> {
    type Error = D::Error;

    forward!(self, visitor => StrictVisitor { inner: visitor, known: None });

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        let visitor = StrictVisitor { inner: visitor, known: Some(fields) };
        self.inner.deserialize_struct(name, fields, visitor)
    }

    /// What nobody wants to know, which of a struct's members is what its type doesn't know.
    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        match self.member {
            Some(Member { name, known }) if !known.contains(&name) => Err(unknown(name, known)),
            _ => self.inner.deserialize_ignored_any(visitor),
        }
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

/// A member that is none.
#[cold]
fn unknown<E: Error>(name: &str, known: &[&str]) -> E {
    E::custom(format_args!("there is no such member: {}", name::instead(name, known)))
}

/// Hands on what was read; `known` are the names of a struct's fields, if it is one.
struct StrictVisitor<V> {
    inner: V,
    known: Option<&'static [&'static str]>,
}

macro_rules! visit {
    ($($name:ident($type:ty);)*) => {$(
        #[inline]
        fn $name<E: Error>(self, value: $type) -> Result<V::Value, E> {
            self.inner.$name(value)
        }
    )*};
}

impl<'de, V: Visitor<'de>> Visitor<'de> for StrictVisitor<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    visit! {
        visit_bool(bool);
        visit_i8(i8);
        visit_i16(i16);
        visit_i32(i32);
        visit_i64(i64);
        visit_i128(i128);
        visit_u8(u8);
        visit_u16(u16);
        visit_u32(u32);
        visit_u64(u64);
        visit_u128(u128);
        visit_f32(f32);
        visit_f64(f64);
        visit_char(char);
        visit_str(&str);
        visit_borrowed_str(&'de str);
        visit_string(String);
        visit_bytes(&[u8]);
        visit_borrowed_bytes(&'de [u8]);
        visit_byte_buf(Vec<u8>);
    }

    #[inline]
    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_none()
    }

    #[inline]
    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.inner.visit_unit()
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Strict::new(inner))
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Strict::new(inner))
    }

    #[inline]
    fn visit_seq<A: SeqAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        match self.known {
            Some(_) => Err(A::Error::invalid_type(Unexpected::Seq, &"an object")),
            None => self.inner.visit_seq(Elements(inner)),
        }
    }

    #[inline]
    fn visit_map<A: MapAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        match self.known {
            Some(known) => self.inner.visit_map(Members { inner, known, name: Cow::Borrowed("") }),
            None => self.inner.visit_map(Entries::new(inner)),
        }
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Variants(inner))
    }
}

/// Hands the reader on to a value within.
pub(super) struct StrictSeed<'a, S> {
    inner: S,
    member: Option<Member<'a>>,
}

impl<S> StrictSeed<'_, S> {
    pub(super) const fn new(inner: S) -> Self {
        Self { inner, member: None }
    }
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for StrictSeed<'_, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Strict { inner, member: self.member })
    }
}

struct Elements<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Elements<A> {
    type Error = A::Error;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(StrictSeed::new(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

/// The members of a struct.
struct Members<'de, A> {
    inner: A,
    known: &'static [&'static str],
    /// The name that was read last.
    name: Cow<'de, str>,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Members<'de, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let Self { inner, known, name } = self;
        inner.next_key_seed(NameSeed { inner: seed, known, name })
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        let member = Some(Member { name: &self.name, known: self.known });
        self.inner.next_value_seed(StrictSeed { inner: seed, member })
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// Reads the name of a struct's member, and keeps it.
struct NameSeed<'a, 'de, S> {
    inner: S,
    known: &'static [&'static str],
    name: &'a mut Cow<'de, str>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for NameSeed<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(NameSeed { inner, known: self.known, name: self.name })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for NameSeed<'_, 'de, D> {
    type Error = D::Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        let NameSeed { inner, known, name } = self;
        inner.deserialize_identifier(NameSeed { inner: visitor, known, name })
    }

    // A name is a text, whatever it is asked for as.
    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for NameSeed<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    #[inline]
    fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<V::Value, E> {
        *self.name = Cow::Borrowed(name);
        self.inner.visit_borrowed_str(name).map_err(|error| refused(error, name, self.known))
    }

    #[inline]
    fn visit_str<E: Error>(self, name: &str) -> Result<V::Value, E> {
        *self.name = Cow::Owned(name.to_owned());
        self.inner.visit_str(name).map_err(|error| refused(error, name, self.known))
    }
}

/// A type that refuses unknown members itself is heard in the same words.
#[cold]
fn refused<E: Error>(error: E, name: &str, known: &[&str]) -> E {
    if known.contains(&name) { error } else { unknown(name, known) }
}

struct Variants<A>(A);

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Variants<A> {
    type Error = A::Error;
    type Variant = Variant<A::Variant>;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        self.0.variant_seed(seed).map(|(name, variant)| (name, Variant(variant)))
    }
}

struct Variant<A>(A);

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Variant<A> {
    type Error = A::Error;

    #[inline]
    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    #[inline]
    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(StrictSeed::new(seed))
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(len, StrictVisitor { inner: visitor, known: None })
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, StrictVisitor { inner: visitor, known: Some(fields) })
    }
}
