//! What may cross a seam: serde, a schema, a bounded shape and a layout that can be compared.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::codec::{Fault, Reader, Sink, Writer};

/// A value that a call may carry. Implement it with `#[seam::message]`.
///
/// Two things are refused when the program is compiled: a type that contains itself, for its
/// decoding would take as much stack as a stranger likes, and a collection of elements that take no
/// bytes, for a few bytes could claim billions of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't cross a seam",
    label = "not a message",
    note = "put `#[seam::message]` on the type, or `#[message(foreign)]` on a field whose type has \
            serde and schemars from elsewhere"
)]
pub trait Message: Serialize + DeserializeOwned + JsonSchema + Send + 'static {
    /// How deep the type nests, and how few bytes it can take.
    const SHAPE: Shape;

    /// Writes how the type is encoded: kinds, field names and variant names in their order.
    fn layout(out: &mut Layout);

    /// Encodes the value. `#[seam::message]` writes part after part; by itself it asks serde, for the
    /// same bytes by a longer way.
    ///
    /// # Errors
    /// Serde's own.
    #[doc(hidden)]
    #[inline]
    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        self.serialize(out)
    }

    /// Decodes what [`write_to`](Self::write_to) encodes.
    ///
    /// # Errors
    /// The bytes are no such value.
    #[doc(hidden)]
    #[inline]
    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Self::deserialize(from)
    }

    /// Encodes the elements of a list.
    ///
    /// # Errors
    /// As [`write_to`](Self::write_to).
    #[doc(hidden)]
    #[inline]
    fn write_all_to<S: Sink>(values: &[Self], out: &mut Writer<'_, S>) -> Result<(), Fault> {
        values.iter().try_for_each(|value| out.value(value))
    }

    /// Decodes so many elements of a list.
    ///
    /// # Errors
    /// As [`read_from`](Self::read_from).
    #[doc(hidden)]
    #[inline]
    fn read_all_from(count: usize, from: &mut Reader<'_>) -> Result<Vec<Self>, Fault> {
        // An element may be larger than its bytes, and those of the last may be missing.
        const MOST: usize = 1 << 20;
        let mut values = Vec::with_capacity(count.min(MOST / size_of::<Self>().max(1)));
        from.apart(|from| {
            for _ in 0..count {
                values.push(from.value()?);
            }
            Ok(values)
        })
    }
}

/// How deep a type nests, and how few bytes its encoding can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Levels of nesting.
    pub depth: u32,
    /// The least number of bytes that a value takes when encoded.
    pub min_bytes: u32,
    /// Whether every value takes just these, and any such bytes are a value: numbers, and what has
    /// only such parts. They are written and read at once.
    pub plain: bool,
}

impl Shape {
    /// Types may nest this deep.
    pub const MAX_DEPTH: u32 = 64;
    /// A value of no bytes.
    pub const EMPTY: Self = Self::number(0);

    /// A type without parts, of at least `min_bytes`.
    pub const fn leaf(min_bytes: u32) -> Self {
        Self { depth: 1, min_bytes, plain: false }
    }

    /// A number of `bytes`.
    pub const fn number(bytes: u32) -> Self {
        Self { depth: 1, min_bytes: bytes, plain: true }
    }

    /// How many bytes a plain value takes; not plain is what takes none.
    pub(crate) const fn plain_bytes(self) -> Option<usize> {
        if self.plain && self.min_bytes > 0 { Some(self.min_bytes as usize) } else { None }
    }

    /// This and another part, one after the other.
    pub const fn and(self, other: Self) -> Self {
        let depth = if self.depth > other.depth { self.depth } else { other.depth };
        let min_bytes = self.min_bytes.saturating_add(other.min_bytes);
        Self { depth, min_bytes, plain: self.plain && other.plain }
    }

    /// A part inside something that adds `min_bytes` of its own.
    pub const fn inside(self, min_bytes: u32) -> Self {
        assert!(self.depth < Self::MAX_DEPTH, "messages nest at most 64 deep");
        let min_bytes = self.min_bytes.saturating_add(min_bytes);
        Self { depth: self.depth + 1, min_bytes, plain: self.plain }
    }

    /// Something of which there may be none: an option, a variant.
    pub const fn optional(self, min_bytes: u32) -> Self {
        let inside = self.inside(0);
        Self { depth: inside.depth, min_bytes, plain: false }
    }

    /// A counted collection of such parts.
    pub const fn collection(self) -> Self {
        assert!(
            self.min_bytes > 0,
            "a collection of zero-sized elements can't cross a seam: a few bytes could claim \
             billions of them; send their number instead"
        );
        self.optional(8)
    }
}

/// How a type is encoded, as a text that is equal only for equal encodings.
#[derive(Debug, Default)]
pub struct Layout(String);

impl Layout {
    /// Adds a piece of text.
    pub fn text(&mut self, text: &str) {
        self.0.push_str(text);
    }

    /// Adds a field or a variant: its name and its type.
    pub fn field<T: Message>(&mut self, name: &str) {
        self.0.push_str(name);
        self.0.push(':');
        T::layout(self);
        self.0.push(',');
    }

    /// Adds a field whose type comes from elsewhere: its schema stands for its layout.
    pub fn foreign_field<T: JsonSchema>(&mut self, name: &str) {
        self.0.push_str(name);
        self.0.push(':');
        self.0.push_str(&schemars::schema_for!(T).to_value().to_string());
        self.0.push(',');
    }

    /// The text.
    pub fn into_string(self) -> String {
        self.0
    }
}
