//! [`Message`] for the types of the standard library, and for a failed call. Sizes are those of the codec: integers as
//! they are, lengths in eight bytes, options in one. A type that is no message isn't told the list
//! of these.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use serde::Deserialize;
use serde::de::Error;

use super::check::Broken;
use super::{Fault, Layout, Message, Reader, Shape, Sink, Writer};
use crate::outcome::InnerError;

macro_rules! leaves {
    ($($kind:ident($type:ty): $bytes:literal $name:literal),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl Message for $type {
            const SHAPE: Shape = Shape::$kind($bytes);
            fn layout(out: &mut Layout) {
                out.text($name);
            }
        }
    )*};
}

leaves! {
    number(u16): 2 "u16", number(u32): 4 "u32", number(u64): 8 "u64", number(u128): 16 "u128",
    number(i8): 1 "i8", number(i16): 2 "i16", number(i32): 4 "i32", number(i64): 8 "i64",
    number(i128): 16 "i128", number(f32): 4 "f32", number(f64): 8 "f64",
    leaf(()): 0 "()", text(bool): 1 "bool", text(char): 1 "char",
    text(usize): 8 "u64", text(isize): 8 "i64", text(Box<str>): 8 "str", leaf(Duration): 12 "duration",
}

#[diagnostic::do_not_recommend]
impl Message for String {
    const SHAPE: Shape = Shape::text(8);
    fn layout(out: &mut Layout) {
        out.text("str");
    }
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        from.string()
    }
}

/// Bytes are copied at once.
#[diagnostic::do_not_recommend]
impl Message for u8 {
    const SHAPE: Shape = Shape::number(1);
    fn layout(out: &mut Layout) {
        out.text("u8");
    }
    #[inline]
    fn write_all_to<S: Sink>(values: &[Self], out: &mut Writer<'_, S>) -> Result<(), Fault> {
        out.put(values);
        Ok(())
    }
    #[inline]
    fn read_all_from(count: usize, from: &mut Reader<'_>) -> Result<Vec<Self>, Fault> {
        Ok(from.take_slice(count)?.to_vec())
    }
}

/// Collections write and read their elements part after part, as messages do: serde would leave out
/// what a field says to leave out in JSON.
macro_rules! collections {
    ($($type:ty where [$($bounds:tt)*] of $element:ty, $shape:expr, by $at:pat, $each:pat => $($part:ident)*, in $way:expr;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($bounds)*> Message for $type {
            const SHAPE: Shape = $shape;
            fn layout(out: &mut Layout) {
                out.text("[");
                <$element>::layout(out);
                out.text("]");
            }
            fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
                out.count(self.len());
                for $each in self {
                    $(out.value($part)?;)*
                }
                Ok(())
            }
            fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
                let count = from.count()?;
                Ok(<$element>::read_all_from(count, from)?.into_iter().collect())
            }
            fn check(&self) -> Result<(), Broken> {
                if Self::SHAPE.checked {
                    for ($at, $each) in self.iter().enumerate() {
                        $($part.check().map_err($way)?;)*
                    }
                }
                Ok(())
            }
        }
    )*};
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Vec<T> {
    const SHAPE: Shape = T::SHAPE.collection();
    fn layout(out: &mut Layout) {
        out.text("[");
        T::layout(out);
        out.text("]");
    }
    #[inline]
    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        out.count(self.len());
        T::write_all_to(self, out)
    }
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        let count = from.count()?;
        T::read_all_from(count, from)
    }
    #[inline]
    fn check(&self) -> Result<(), Broken> {
        check_all(self)
    }
}

/// Looks at the elements of a list.
#[inline]
fn check_all<T: Message>(values: &[T]) -> Result<(), Broken> {
    if T::SHAPE.checked {
        for (at, value) in values.iter().enumerate() {
            value.check().map_err(|broken| broken.at(at))?;
        }
    }
    Ok(())
}

collections! {
    VecDeque<T> where [T: Message] of T, T::SHAPE.collection(), by at, value => value, in |broken: Broken| broken.at(at);
    HashSet<T> where [T: Message + Eq + Hash] of T, T::SHAPE.collection(), by at, value => value, in |broken: Broken| broken.at(at);
    BTreeSet<T> where [T: Message + Ord] of T, T::SHAPE.collection(), by at, value => value, in |broken: Broken| broken.at(at);
    HashMap<K, V> where [K: Message + Eq + Hash, V: Message] of (K, V),
        K::SHAPE.map_to(V::SHAPE), by _, (key, value) => key value, in |broken: Broken| broken.under(key);
    BTreeMap<K, V> where [K: Message + Ord, V: Message] of (K, V),
        K::SHAPE.map_to(V::SHAPE), by _, (key, value) => key value, in |broken: Broken| broken.under(key);
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Option<T> {
    const SHAPE: Shape = T::SHAPE.optional(1);
    fn layout(out: &mut Layout) {
        out.text("?");
        T::layout(out);
    }
    #[inline]
    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        out.put(&[u8::from(self.is_some())]);
        self.as_ref().map_or(Ok(()), |value| out.value(value))
    }
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        from.flag()?.then(|| from.value()).transpose()
    }
    #[inline]
    fn check(&self) -> Result<(), Broken> {
        self.as_ref().map_or(Ok(()), T::check)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Box<T> {
    const SHAPE: Shape = T::SHAPE.inside(0);
    fn layout(out: &mut Layout) {
        T::layout(out);
    }
    #[inline]
    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        out.value::<T>(self)
    }
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        from.value().map(Self::new)
    }
    #[inline]
    fn check(&self) -> Result<(), Broken> {
        T::check(self)
    }
}

macro_rules! arrays {
    ($($n:literal)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Message> Message for [T; $n] {
            const SHAPE: Shape = Shape {
                min_bytes: T::SHAPE.min_bytes * $n,
                json_key: false,
                blob: false,
                ..T::SHAPE.inside(0)
            };
            fn layout(out: &mut Layout) {
                out.text(concat!($n, "*"));
                T::layout(out);
            }
            #[inline]
            fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
                T::write_all_to(self, out)
            }
            #[inline]
            fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
                if T::SHAPE.plain {
                    return Self::deserialize(from);
                }
                let elements = T::read_all_from($n, from)?;
                elements.try_into().map_err(|elements: Vec<T>| {
                    Fault::invalid_length(elements.len(), &stringify!($n))
                })
            }
            #[inline]
            fn check(&self) -> Result<(), Broken> {
                check_all(self)
            }
        }
    )*};
}

// As far as serde goes.
arrays! { 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 }

macro_rules! tuples {
    ($(($first:ident $($rest:ident)*))*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$first: Message, $($rest: Message),*> Message for ($first, $($rest,)*) {
            const SHAPE: Shape = $first::SHAPE$(.and($rest::SHAPE))*.inside(0);
            fn layout(out: &mut Layout) {
                out.text("(");
                $first::layout(out);
                $(out.text(","); $rest::layout(out);)*
                out.text(")");
            }
            #[inline]
            fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
                #[allow(non_snake_case, reason = "a value is named after its type")]
                let ($first, $($rest,)*) = self;
                out.value($first)?;
                $(out.value($rest)?;)*
                Ok(())
            }
            #[inline]
            fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
                Ok((from.value::<$first>()?, $(from.value::<$rest>()?,)*))
            }
            #[inline]
            fn check(&self) -> Result<(), Broken> {
                #[allow(non_snake_case, reason = "a value is named after its type")]
                let ($first, $($rest,)*) = self;
                $first.check().map_err(|broken| broken.at(0))?;
                let mut _place = 0;
                $(
                    _place += 1;
                    $rest.check().map_err(|broken| broken.at(_place))?;
                )*
                Ok(())
            }
        }
    )*};
}

tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
}

// So that an error that holds one is a message. It never crosses as a part of it: the runtime turns
// such an error into `Unknown::Inner` before.
#[diagnostic::do_not_recommend]
impl Message for InnerError {
    const SHAPE: Shape = <Box<str>>::SHAPE.and(<Box<str>>::SHAPE).and(<Box<str>>::SHAPE).inside(0);

    fn layout(out: &mut Layout) {
        out.text("{");
        out.field::<Box<str>>("service");
        out.field::<Box<str>>("method");
        out.field::<Box<str>>("cause");
        out.text("}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout<T: Message>() -> String {
        let mut out = Layout::default();
        T::layout(&mut out);
        out.into_string()
    }

    #[test]
    fn layouts_tell_encodings_apart() {
        assert_eq!(layout::<Vec<Option<u32>>>(), "[?u32]");
        assert_eq!(layout::<BTreeMap<String, u8>>(), layout::<HashMap<String, u8>>());
        assert_ne!(layout::<(u8, u16)>(), layout::<(u16, u8)>());
        assert_ne!(layout::<[u8; 3]>(), layout::<Vec<u8>>());
    }

    #[test]
    fn shapes_count_the_least_bytes() {
        assert_eq!(<(u8, u32)>::SHAPE.min_bytes, 5);
        assert_eq!(<Option<u64>>::SHAPE.min_bytes, 1);
        assert_eq!(<Vec<u64>>::SHAPE.min_bytes, 8);
        assert_eq!(<Vec<Vec<u64>>>::SHAPE.depth, 3);
    }
}
