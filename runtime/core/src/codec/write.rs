//! Values to bytes.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::MAX_BODY;
use super::fault::{Fault, Kind};
use super::message::Message;

/// So many bytes of a plain value are put at once, at most: about what registers hold.
const AT_ONCE: usize = 64;

/// What takes bytes.
pub trait Sink {
    /// Whether each look for room costs something.
    const GROWS: bool;

    /// Room for so many bytes more.
    fn reserve(&mut self, size: usize);

    /// Appends these.
    fn put(&mut self, bytes: &[u8]);
}

impl Sink for Vec<u8> {
    const GROWS: bool = true;

    #[inline(always)]
    fn reserve(&mut self, size: usize) {
        Self::reserve(self, size);
    }

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
}

/// A plain value's bytes, whose number is known beforehand.
struct Window<'a> {
    room: &'a mut [u8],
    fits: bool,
}

impl Sink for Window<'_> {
    const GROWS: bool = false;

    #[inline(always)]
    fn reserve(&mut self, _: usize) {}

    #[inline(always)]
    fn put(&mut self, bytes: &[u8]) {
        match std::mem::take(&mut self.room).split_at_mut_checked(bytes.len()) {
            Some((place, rest)) => {
                place.copy_from_slice(bytes);
                self.room = rest;
            }
            None => self.fits = false,
        }
    }
}

/// Writes values.
#[derive(Debug)]
pub struct Writer<'a, S> {
    out: &'a mut S,
}

impl<'a, S: Sink> Writer<'a, S> {
    pub(super) const fn new(out: &'a mut S) -> Self {
        Self { out }
    }

    #[inline(always)]
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.out.put(bytes);
    }

    /// The length of what comes, and room for it: a byte each, at least. A type may claim what it
    /// likes, so not for more than a message takes.
    #[inline(always)]
    pub(crate) fn count(&mut self, len: usize) {
        self.out.reserve(len.min(MAX_BODY) + 8);
        self.put(&(len as u64).to_le_bytes());
    }

    /// A message. A plain one is put together in registers, and looks for room once.
    ///
    /// # Errors
    /// Serde's own.
    #[inline(always)]
    pub fn value<T: Message>(&mut self, value: &T) -> Result<(), Fault> {
        if let Some(size) = T::SHAPE.plain_bytes()
            && S::GROWS
            && size <= AT_ONCE
        {
            let mut bytes = [0; AT_ONCE];
            let mut window = Window { room: &mut bytes[..size], fits: true };
            value.write_to(&mut Writer::new(&mut window))?;
            if window.fits && window.room.is_empty() {
                self.put(&bytes[..size]);
                return Ok(());
            }
        }
        value.write_to(self)
    }

    /// Which variant comes.
    #[inline(always)]
    pub fn variant(&mut self, place: u32) {
        self.put(&place.to_le_bytes());
    }

    /// A value of a type that is no message.
    ///
    /// # Errors
    /// Serde's own.
    #[inline(always)]
    pub fn foreign<T: Serialize>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }
}

macro_rules! numbers {
    ($($name:ident: $number:ty),*) => {$(
        #[inline]
        fn $name(self, value: $number) -> Result<(), Fault> {
            self.put(&value.to_le_bytes());
            Ok(())
        }
    )*};
}

impl<S: Sink> Serializer for &mut Writer<'_, S> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers!(
        serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64,
        serialize_i128: i128, serialize_u8: u8, serialize_u16: u16, serialize_u32: u32,
        serialize_u64: u64, serialize_u128: u128, serialize_f32: f32, serialize_f64: f64
    );

    #[inline]
    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.serialize_u8(u8::from(value))
    }

    #[inline]
    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.put(value.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.serialize_bytes(value.as_bytes())
    }

    #[inline]
    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.count(value.len());
        self.put(value);
        Ok(())
    }

    #[inline]
    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_u8(0)
    }

    #[inline]
    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.put(&[1]);
        value.serialize(self)
    }

    #[inline]
    fn serialize_unit(self) -> Result<(), Fault> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }

    #[inline]
    fn serialize_unit_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
    ) -> Result<(), Fault> {
        self.serialize_u32(variant)
    }

    #[inline]
    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    #[inline]
    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.variant(variant);
        value.serialize(self)
    }

    #[inline]
    fn serialize_seq(self, len: Option<usize>) -> Result<Self, Fault> {
        self.count(len.ok_or(Kind::NoLength)?);
        Ok(self)
    }

    #[inline]
    fn serialize_tuple(self, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    #[inline]
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        self.variant(variant);
        Ok(self)
    }

    #[inline]
    fn serialize_map(self, len: Option<usize>) -> Result<Self, Fault> {
        self.serialize_seq(len)
    }

    #[inline]
    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    #[inline]
    fn serialize_struct_variant(
        self,
        _: &'static str,
        variant: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        self.variant(variant);
        Ok(self)
    }

    #[inline]
    fn is_human_readable(&self) -> bool {
        false
    }
}

/// The parts of what has several: one after the other, with nothing between.
macro_rules! parts {
    ($($kind:ident: $name:ident($($key:ty)?)),*) => {$(
        impl<S: Sink> $kind for &mut Writer<'_, S> {
            type Ok = ();
            type Error = Fault;

            #[inline]
            fn $name<T: Serialize + ?Sized>(
                &mut self,
                $(_: $key,)?
                value: &T,
            ) -> Result<(), Fault> {
                value.serialize(&mut **self)
            }

            #[inline]
            fn end(self) -> Result<(), Fault> {
                Ok(())
            }
        }
    )*};
}

parts!(
    SerializeSeq: serialize_element(),
    SerializeTuple: serialize_element(),
    SerializeTupleStruct: serialize_field(),
    SerializeTupleVariant: serialize_field(),
    SerializeStruct: serialize_field(&'static str),
    SerializeStructVariant: serialize_field(&'static str)
);

impl<S: Sink> SerializeMap for &mut Writer<'_, S> {
    type Ok = ();
    type Error = Fault;

    #[inline]
    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        key.serialize(&mut **self)
    }

    #[inline]
    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    #[inline]
    fn end(self) -> Result<(), Fault> {
        Ok(())
    }
}
