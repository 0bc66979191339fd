//! What may cross a seam: serde, a schema, a bounded shape and a layout that can be compared.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::check::Broken;
use super::layout::{Layout, Shape};
use super::{Besides, Fault, Reader, Sink, Writer};

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

    /// What it says to HTTP beside its value.
    #[doc(hidden)]
    #[inline]
    fn besides(&self) -> Besides<'_> {
        Besides::default()
    }

    /// Whether it is what `#[check(…)]` demands of what is in it. It is only asked for where the
    /// type's [shape](Shape::checked) says that there is anything to look at.
    ///
    /// # Errors
    /// What isn't, and where.
    #[doc(hidden)]
    #[inline]
    fn check(&self) -> Result<(), Broken> {
        Ok(())
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
