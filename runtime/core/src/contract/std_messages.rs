//! [`Message`] for the types of the standard library. Sizes are those of the codec: integers as
//! they are, lengths in eight bytes, options in one. A type that is no message isn't told the list
//! of these.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::hash::Hash;
use std::time::Duration;

use super::{Layout, Message, Shape};

macro_rules! leaves {
    ($($type:ty: $bytes:literal $name:literal),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl Message for $type {
            const SHAPE: Shape = Shape::leaf($bytes);
            fn layout(out: &mut Layout) {
                out.text($name);
            }
        }
    )*};
}

leaves! {
    (): 0 "()", bool: 1 "bool", char: 1 "char",
    u8: 1 "u8", u16: 2 "u16", u32: 4 "u32", u64: 8 "u64", u128: 16 "u128", usize: 8 "u64",
    i8: 1 "i8", i16: 2 "i16", i32: 4 "i32", i64: 8 "i64", i128: 16 "i128", isize: 8 "i64",
    f32: 4 "f32", f64: 8 "f64",
    String: 8 "str", Box<str>: 8 "str", Duration: 12 "duration",
}

macro_rules! collections {
    ($($type:ty where [$($bounds:tt)*] of $element:ty),* $(,)?) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($bounds)*> Message for $type {
            const SHAPE: Shape = <$element>::SHAPE.collection();
            fn layout(out: &mut Layout) {
                out.text("[");
                <$element>::layout(out);
                out.text("]");
            }
        }
    )*};
}

collections! {
    Vec<T> where [T: Message] of T,
    VecDeque<T> where [T: Message] of T,
    HashSet<T> where [T: Message + Eq + Hash] of T,
    BTreeSet<T> where [T: Message + Ord] of T,
    HashMap<K, V> where [K: Message + Eq + Hash, V: Message] of (K, V),
    BTreeMap<K, V> where [K: Message + Ord, V: Message] of (K, V),
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Option<T> {
    const SHAPE: Shape = T::SHAPE.optional(1);
    fn layout(out: &mut Layout) {
        out.text("?");
        T::layout(out);
    }
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Box<T> {
    const SHAPE: Shape = T::SHAPE.inside(0);
    fn layout(out: &mut Layout) {
        T::layout(out);
    }
}

macro_rules! arrays {
    ($($n:literal)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<T: Message> Message for [T; $n] {
            const SHAPE: Shape =
                Shape { depth: T::SHAPE.inside(0).depth, min_bytes: T::SHAPE.min_bytes * $n };
            fn layout(out: &mut Layout) {
                out.text(concat!($n, "*"));
                T::layout(out);
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
        }
    )*};
}

tuples! {
    (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G H)
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
