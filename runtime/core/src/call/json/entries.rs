//! The entries of a map, each key once: one that comes twice is refused, as a struct's member is.
//!
//! Keys are compared as they are read, so `"a"` and `"\u0061"` are one. What a type makes of them is
//! hidden here: of two spellings that it takes for one value, the later one still counts.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, Visitor};

use super::strict::StrictSeed;

/// The entries of a map.
pub(super) struct Entries<'de, A> {
    inner: A,
    seen: HashSet<Key<'de>>,
}

/// A key, as the type of a map's keys has asked for it.
#[derive(PartialEq, Eq, Hash)]
enum Key<'de> {
    Text(Cow<'de, [u8]>),
    Whole(i128),
    /// What may be too large for the other.
    Wide(u128),
    /// A number's bits.
    Real(u64),
    Truth(bool),
}

impl<A> Entries<'_, A> {
    pub(super) fn new(inner: A) -> Self {
        Self { inner, seen: HashSet::new() }
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Entries<'de, A> {
    type Error = A::Error;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        let mut key = None;
        let value = self.inner.next_key_seed(Kept { inner: seed, key: &mut key })?;
        match key.is_none_or(|key| self.seen.insert(key)) {
            true => Ok(value),
            false => Err(A::Error::custom("the key comes twice in its object")),
        }
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.inner.next_value_seed(StrictSeed::new(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.inner.size_hint()
    }
}

/// Hands on, be it seed, deserializer, visitor or access, and keeps the key that is read.
struct Kept<'a, 'de, T> {
    inner: T,
    key: &'a mut Option<Key<'de>>,
}

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Kept<'_, 'de, S> {
    type Value = S::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, inner: D) -> Result<S::Value, D::Error> {
        self.inner.deserialize(Kept { inner, key: self.key })
    }
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Kept<'_, 'de, D> {
    type Error = D::Error;

    forward!(self, visitor => Kept { inner: visitor, key: self.key });

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.inner.deserialize_struct(name, fields, Kept { inner: visitor, key: self.key })
    }

    #[inline]
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_ignored_any(Kept { inner: visitor, key: self.key })
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }
}

macro_rules! keep {
    ($($visit:ident($value:ident: $type:ty) => $key:expr;)*) => {$(
        #[inline]
        fn $visit<E: Error>(self, $value: $type) -> Result<V::Value, E> {
            *self.key = Some($key);
            self.inner.$visit($value)
        }
    )*};
}

// What isn't here, such as smaller numbers, comes to one of these by itself.
impl<'de, V: Visitor<'de>> Visitor<'de> for Kept<'_, 'de, V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.expecting(f)
    }

    keep! {
        visit_bool(value: bool) => Key::Truth(value);
        visit_i64(value: i64) => Key::Whole(value.into());
        visit_i128(value: i128) => Key::Whole(value);
        visit_u64(value: u64) => Key::Whole(value.into());
        visit_u128(value: u128) => Key::Wide(value);
        visit_f64(value: f64) => Key::Real(value.to_bits());
        visit_borrowed_str(text: &'de str) => Key::Text(Cow::Borrowed(text.as_bytes()));
        visit_str(text: &str) => Key::Text(Cow::Owned(text.into()));
        visit_borrowed_bytes(bytes: &'de [u8]) => Key::Text(Cow::Borrowed(bytes));
        visit_bytes(bytes: &[u8]) => Key::Text(Cow::Owned(bytes.into()));
    }

    #[inline]
    fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_some(Kept { inner, key: self.key })
    }

    #[inline]
    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<V::Value, D::Error> {
        self.inner.visit_newtype_struct(Kept { inner, key: self.key })
    }

    #[inline]
    fn visit_enum<A: EnumAccess<'de>>(self, inner: A) -> Result<V::Value, A::Error> {
        self.inner.visit_enum(Kept { inner, key: self.key })
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Kept<'_, 'de, A> {
    type Error = A::Error;
    type Variant = A::Variant;

    #[inline]
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, A::Variant), A::Error> {
        self.inner.variant_seed(Kept { inner: seed, key: self.key })
    }
}
