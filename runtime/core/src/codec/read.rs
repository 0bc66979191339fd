//! Bytes to values. Any bytes may come: none make this panic, and no length is believed beyond the
//! bytes that are there.

use serde::de::value::U32Deserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::fault::{Fault, Kind};
use super::message::Message;

/// Takes from the front of a slice.
#[derive(Debug)]
pub struct Reader<'de> {
    rest: &'de [u8],
}

impl<'de> Reader<'de> {
    pub(crate) const fn new(rest: &'de [u8]) -> Self {
        Self { rest }
    }

    /// Bytes that nobody has taken.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    #[inline(always)]
    fn take<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(Fault::TRUNCATED)?;
        self.rest = rest;
        Ok(*head)
    }

    /// How many elements come. Each takes a byte at least, so no more than there are bytes; and who
    /// makes room for them makes no more room than that.
    #[inline(always)]
    pub(crate) fn count(&mut self) -> Result<usize, Fault> {
        let claimed = u64::from_le_bytes(self.take()?);
        match usize::try_from(claimed) {
            Ok(count) if count <= self.rest.len() => Ok(count),
            _ => Err(too_many(claimed)),
        }
    }

    #[inline(always)]
    pub(crate) fn take_slice(&mut self, len: usize) -> Result<&'de [u8], Fault> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Fault::TRUNCATED)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline(always)]
    fn bytes(&mut self) -> Result<&'de [u8], Fault> {
        let len = self.count()?;
        self.take_slice(len)
    }

    #[inline(always)]
    fn text(&mut self) -> Result<&'de str, Fault> {
        std::str::from_utf8(self.bytes()?).map_err(not_text)
    }

    /// A text of its own. One function for all types, so that they may be inlined.
    #[inline(never)]
    pub(crate) fn string(&mut self) -> Result<String, Fault> {
        // Copied first: what begins at a word's beginning is checked a word at a time.
        String::from_utf8(self.bytes()?.to_vec()).map_err(not_text)
    }

    #[inline(always)]
    pub(crate) fn flag(&mut self) -> Result<bool, Fault> {
        match self.take()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [other] => Err(Kind::NotBool(other).into()),
        }
    }

    /// A message. A plain one's bytes are taken at once.
    ///
    /// # Errors
    /// The bytes are no such value.
    #[inline(always)]
    pub fn value<T: Message>(&mut self) -> Result<T, Fault> {
        match T::SHAPE.plain_bytes() {
            Some(size) => T::read_from(&mut Reader::new(self.take_slice(size)?)),
            None => T::read_from(self),
        }
    }

    /// Reads by a reader that nobody else knows, so that it stays in registers for a whole loop.
    #[inline(always)]
    pub(crate) fn apart<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> T {
        let mut own = Self { rest: self.rest };
        let done = read(&mut own);
        self.rest = own.rest;
        done
    }

    /// Which variant comes.
    ///
    /// # Errors
    /// The bytes end too soon.
    #[inline(always)]
    pub fn variant(&mut self) -> Result<u32, Fault> {
        self.take().map(u32::from_le_bytes)
    }

    /// A value of a type that is no message.
    ///
    /// # Errors
    /// Serde's own.
    #[inline(always)]
    pub fn foreign<T: Deserialize<'de>>(&mut self) -> Result<T, Fault> {
        T::deserialize(self)
    }

    fn character(&mut self) -> Result<char, Fault> {
        // The shortest beginning that is a character: no character begins another.
        let found = (1..=self.rest.len().min(4)).find_map(|len| {
            let text = std::str::from_utf8(&self.rest[..len]).ok()?;
            Some((text.chars().next()?, len))
        });
        let (character, len) = found.ok_or(Kind::NotChar)?;
        self.rest = &self.rest[len..];
        Ok(character)
    }
}

#[cold]
#[inline(never)]
fn too_many(claimed: u64) -> Fault {
    Kind::Count(claimed).into()
}

#[cold]
#[inline(never)]
fn not_text<E>(_: E) -> Fault {
    Kind::NotText.into()
}

macro_rules! numbers {
    ($($name:ident: $visit:ident, $number:ty);*) => {$(
        #[inline]
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
            visitor.$visit(<$number>::from_le_bytes(self.take()?))
        }
    )*};
}

/// Kinds that only a self-describing format could tell.
macro_rules! untold {
    ($($name:ident),*) => {$(
        fn $name<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Fault> {
            Err(Kind::Untold.into())
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Fault;

    numbers!(
        deserialize_i8: visit_i8, i8; deserialize_i16: visit_i16, i16;
        deserialize_i32: visit_i32, i32; deserialize_i64: visit_i64, i64;
        deserialize_i128: visit_i128, i128;
        deserialize_u8: visit_u8, u8; deserialize_u16: visit_u16, u16;
        deserialize_u32: visit_u32, u32; deserialize_u64: visit_u64, u64;
        deserialize_u128: visit_u128, u128;
        deserialize_f32: visit_f32, f32; deserialize_f64: visit_f64, f64
    );

    untold!(deserialize_any, deserialize_identifier, deserialize_ignored_any);

    #[inline]
    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_bool(self.flag()?)
    }

    #[inline]
    fn deserialize_char<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_char(self.character()?)
    }

    #[inline]
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.text()?)
    }

    #[inline]
    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_string(self.string()?)
    }

    #[inline]
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.bytes()?)
    }

    #[inline]
    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_bytes(self.bytes()?)
    }

    #[inline]
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.flag()? { visitor.visit_some(self) } else { visitor.visit_none() }
    }

    #[inline]
    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_unit()
    }

    #[inline]
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    #[inline]
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let left = self.count()?;
        visitor.visit_seq(Parts { reader: self, left })
    }

    #[inline]
    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { reader: self, left })
    }

    #[inline]
    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        left: usize,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { reader: self, left })
    }

    #[inline]
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let left = self.count()?;
        visitor.visit_map(Parts { reader: self, left })
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { reader: self, left: fields.len() })
    }

    #[inline]
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(self)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// So many parts, one after the other.
struct Parts<'a, 'de> {
    reader: &'a mut Reader<'de>,
    left: usize,
}

impl<'de> SeqAccess<'de> for Parts<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        seed.deserialize(&mut *self.reader).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> MapAccess<'de> for Parts<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        self.next_element_seed(seed)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        seed.deserialize(&mut *self.reader)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

impl<'de> EnumAccess<'de> for &mut Reader<'de> {
    type Error = Fault;
    type Variant = Self;

    #[inline]
    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Fault> {
        let variant: U32Deserializer<Fault> = self.variant()?.into_deserializer();
        Ok((seed.deserialize(variant)?, self))
    }
}

impl<'de> VariantAccess<'de> for &mut Reader<'de> {
    type Error = Fault;

    #[inline]
    fn unit_variant(self) -> Result<(), Fault> {
        Ok(())
    }

    #[inline]
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self)
    }

    #[inline]
    fn tuple_variant<V: Visitor<'de>>(self, left: usize, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { reader: self, left })
    }

    #[inline]
    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_seq(Parts { reader: self, left: fields.len() })
    }
}
