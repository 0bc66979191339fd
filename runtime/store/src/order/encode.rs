//! A key's bytes.

use serde::{
    Serialize, Serializer,
    ser::{
        SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};

use super::{END, Fault, LONG, ZERO};

/// A key's bytes.
pub(crate) fn encode<T: Serialize + ?Sized>(key: &T) -> Result<Vec<u8>, Fault> {
    Ok(run(key)?.bytes)
}

/// The same without the end of the text that it ends with, so that longer texts begin with it.
pub(crate) fn encode_open<T: Serialize + ?Sized>(key: &T) -> Result<Vec<u8>, Fault> {
    let Encoder { mut bytes, text_end } = run(key)?;
    if text_end == bytes.len() {
        bytes.truncate(bytes.len().saturating_sub(END.len()));
    }
    Ok(bytes)
}

fn run<T: Serialize + ?Sized>(key: &T) -> Result<Encoder, Fault> {
    let mut encoder = Encoder { bytes: Vec::with_capacity(24), text_end: usize::MAX };
    key.serialize(&mut encoder)?;
    Ok(encoder)
}

struct Encoder {
    bytes: Vec<u8>,
    /// Where the last text ended.
    text_end: usize,
}

impl Encoder {
    fn text(&mut self, text: &[u8]) {
        for byte in text {
            match byte {
                0 => self.bytes.extend(ZERO),
                other => self.bytes.push(*other),
            }
        }
        self.bytes.extend(END);
        self.text_end = self.bytes.len();
    }

    fn variant(&mut self, number: u32) {
        match u8::try_from(number) {
            Ok(short) if short < LONG => self.bytes.push(short),
            _ => {
                self.bytes.push(LONG);
                self.bytes.extend(number.to_be_bytes());
            }
        }
    }
}

/// Numbers whose bytes are in order as they are.
macro_rules! plain {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            self.bytes.extend(value.to_be_bytes());
            Ok(())
        })*
    };
}

/// Numbers with a sign, as numbers without one that are in the same order.
macro_rules! signed {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), Fault> {
            self.bytes.extend((value ^ <$type>::MIN).to_be_bytes());
            Ok(())
        })*
    };
}

impl Serializer for &mut Encoder {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    plain!(serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64, serialize_u128: u128);
    signed!(serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64, serialize_i128: i128);

    fn is_human_readable(&self) -> bool {
        false
    }

    fn serialize_bool(self, value: bool) -> Result<(), Fault> {
        self.serialize_u8(value.into())
    }

    fn serialize_char(self, value: char) -> Result<(), Fault> {
        self.serialize_u32(value.into())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Fault> {
        let bits = value.to_bits();
        let negative = bits >> 31 == 1;
        self.serialize_u32(if negative { !bits } else { bits | 1 << 31 })
    }

    fn serialize_f64(self, value: f64) -> Result<(), Fault> {
        let bits = value.to_bits();
        let negative = bits >> 63 == 1;
        self.serialize_u64(if negative { !bits } else { bits | 1 << 63 })
    }

    fn serialize_str(self, value: &str) -> Result<(), Fault> {
        self.text(value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Fault> {
        self.text(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Fault> {
        self.serialize_u8(0)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        self.bytes.push(1);
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Fault> {
        Ok(())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
    ) -> Result<(), Fault> {
        self.variant(number);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Fault> {
        self.variant(number);
        value.serialize(self)
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        self.variant(number);
        Ok(self)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Fault> {
        Ok(self)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        number: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Fault> {
        self.variant(number);
        Ok(self)
    }
}

impl SerializeSeq for &mut Encoder {
    type Ok = ();
    type Error = Fault;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.bytes.push(1);
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Fault> {
        self.bytes.push(0);
        Ok(())
    }
}

impl SerializeMap for &mut Encoder {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        self.bytes.push(1);
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Fault> {
        self.bytes.push(0);
        Ok(())
    }
}

/// Parts whose number is known by the type.
macro_rules! parts {
    ($($trait:ident: $method:ident),*) => {
        $(impl $trait for &mut Encoder {
            type Ok = ();
            type Error = Fault;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Fault> {
                Ok(())
            }
        })*
    };
}

/// The same with names, which aren't written.
macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl $trait for &mut Encoder {
            type Ok = ();
            type Error = Fault;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Fault> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Fault> {
                Ok(())
            }
        })*
    };
}

parts!(SerializeTuple: serialize_element, SerializeTupleStruct: serialize_field, SerializeTupleVariant: serialize_field);
fields!(SerializeStruct, SerializeStructVariant);
