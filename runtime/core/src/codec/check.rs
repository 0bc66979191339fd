//! Constraints: what `#[check(…)]` demands of a value beyond its type.
//!
//! Types say in their [`Shape`](super::Shape) whether anything in them is constrained. Where nothing
//! is, nothing is looked at.

use std::cmp::Ordering;
use std::fmt;

use serde::Serialize;

use super::Patch;

/// A value that isn't what its type demands, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The way to it, as JSON knows it: `products[0].quantity`.
    way: String,
    why: String,
}

impl Broken {
    #[cold]
    fn new(why: String) -> Self {
        Self { way: String::new(), why }
    }

    /// The same in a field of that name.
    #[cold]
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        let dot = if self.way.is_empty() || self.way.starts_with('[') { "" } else { "." };
        self.way.insert_str(0, dot);
        self.way.insert_str(0, name);
        self
    }

    /// The same in an element of that number.
    #[cold]
    #[must_use]
    pub fn at(self, place: usize) -> Self {
        self.within(&format!("[{place}]"))
    }

    /// The same in the entry of a map.
    #[cold]
    #[must_use]
    pub fn under(self, key: &impl Serialize) -> Self {
        const LONGEST: usize = 64;
        let key = serde_json::to_string(key).unwrap_or_default();
        let key = key.trim_matches('"');
        self.within(&key[..key.floor_char_boundary(LONGEST)])
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.way.as_str() {
            "" => f.write_str(&self.why),
            way => write!(f, "`{way}`: {}", self.why),
        }
    }
}

/// A number, or there may be none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no number, and so has no range",
    label = "not a number",
    note = "a text and a list have a length: `#[check(len = 1..=64)]`"
)]
pub trait Ranged {
    /// The number.
    type Number: PartialOrd + fmt::Display;

    /// It, if it is there.
    fn number(&self) -> Option<Self::Number>;
}

/// A text or a list, or there may be none.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is neither a text nor a list, and so has no length",
    label = "no length",
    note = "a number has a range: `#[check(range = 1..=100)]`"
)]
pub trait Measured {
    /// What is counted.
    const UNIT: &'static str;

    /// How long it is, if it is there.
    fn length(&self) -> Option<usize>;
}

macro_rules! numbers {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Ranged for $type {
            type Number = Self;

            #[inline]
            fn number(&self) -> Option<Self> {
                Some(*self)
            }
        }
    )*};
}

numbers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 }

/// Characters are counted, as JSON Schema does.
macro_rules! texts {
    ($($type:ty)*) => {$(
        #[diagnostic::do_not_recommend]
        impl Measured for $type {
            const UNIT: &'static str = "characters";

            #[inline]
            fn length(&self) -> Option<usize> {
                Some(self.chars().count())
            }
        }
    )*};
}

texts! { String Box<str> }

#[diagnostic::do_not_recommend]
impl<T> Measured for Vec<T> {
    const UNIT: &'static str = "elements";

    #[inline]
    fn length(&self) -> Option<usize> {
        Some(self.len())
    }
}

#[diagnostic::do_not_recommend]
impl<T: Ranged> Ranged for Option<T> {
    type Number = T::Number;

    #[inline]
    fn number(&self) -> Option<T::Number> {
        self.as_ref()?.number()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Measured> Measured for Option<T> {
    const UNIT: &'static str = T::UNIT;

    #[inline]
    fn length(&self) -> Option<usize> {
        self.as_ref()?.length()
    }
}

#[diagnostic::do_not_recommend]
impl<T: Ranged> Ranged for Patch<T> {
    type Number = T::Number;

    #[inline]
    fn number(&self) -> Option<T::Number> {
        match self {
            Self::Value(value) => value.number(),
            Self::Absent | Self::Null => None,
        }
    }
}

#[diagnostic::do_not_recommend]
impl<T: Measured> Measured for Patch<T> {
    const UNIT: &'static str = T::UNIT;

    #[inline]
    fn length(&self) -> Option<usize> {
        match self {
            Self::Value(value) => value.length(),
            Self::Absent | Self::Null => None,
        }
    }
}

/// Whether a number is within its bounds, both of which are allowed. One that can't be compared isn't.
/// Used by generated code.
///
/// # Errors
/// Which bound it breaks.
#[inline]
pub fn range<T: Ranged>(
    value: &T,
    least: Option<T::Number>,
    most: Option<T::Number>,
) -> Result<(), Broken> {
    let Some(value) = value.number() else { return Ok(()) };
    // What compares with nothing is within no bounds.
    let is_beyond = |bound: &T::Number, side: Ordering| {
        value.partial_cmp(bound).is_none_or(|order| order == side)
    };
    if let Some(least) = least
        && is_beyond(&least, Ordering::Less)
    {
        return Err(Broken::new(format!("{value} is less than {least}")));
    }
    match most {
        Some(most) if is_beyond(&most, Ordering::Greater) => {
            Err(Broken::new(format!("{value} is more than {most}")))
        }
        _ => Ok(()),
    }
}

/// Whether a text or a list is as long as it may be. Used by generated code.
///
/// # Errors
/// Which bound it breaks; what it says isn't told.
#[inline]
pub fn len<T: Measured>(value: &T, least: usize, most: usize) -> Result<(), Broken> {
    let Some(length) = value.length() else { return Ok(()) };
    let unit = T::UNIT;
    if length < least {
        return Err(Broken::new(format!("has {length} {unit}, and needs {least} at least")));
    }
    if length > most {
        return Err(Broken::new(format!("has {length} {unit}, and may have {most} at most")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_within() {
        for (value, fits) in [(0, false), (1, true), (100, true), (101, false)] {
            assert_eq!(range(&value, Some(1), Some(100)).is_ok(), fits, "{value}");
            assert_eq!(range(&Some(value), Some(1), Some(100)).is_ok(), fits, "{value}");
        }
        assert_eq!(range(&None::<u8>, Some(1), None), Ok(()));
        assert!(range(&f64::NAN, Some(0.0), None).is_err(), "it is in no range");
        assert_eq!(range(&0_u8, Some(1), None).unwrap_err().to_string(), "0 is less than 1");
    }

    #[test]
    fn characters_are_counted_and_not_bytes() {
        assert_eq!(len(&"é".repeat(3), 1, 3), Ok(()));
        let broken = len(&"é".repeat(4), 1, 3).unwrap_err();
        assert_eq!(broken.to_string(), "has 4 characters, and may have 3 at most");
        let broken = len(&Vec::<u8>::new(), 1, usize::MAX).unwrap_err().within("list");
        assert_eq!(broken.to_string(), "`list`: has 0 elements, and needs 1 at least");
    }

    #[test]
    fn the_way_is_told_as_json_knows_it() {
        let broken = || range(&0_u8, Some(1), None).unwrap_err();
        let said = |broken: Broken| broken.to_string();
        assert_eq!(
            said(broken().within("quantity").at(0).within("products")),
            "`products[0].quantity`: 0 is less than 1"
        );
        assert_eq!(said(broken().at(1).at(0).within("rows")), "`rows[0][1]`: 0 is less than 1");
        assert_eq!(said(broken().under(&"a b").within("by")), "`by.a b`: 0 is less than 1");
    }
}
