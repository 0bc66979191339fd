//! What a type's encoding looks like: how deep it nests, how few bytes it takes, and a text to compare.

use schemars::JsonSchema;

use super::Message;

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
    /// Whether it can be a key of a JSON object: a text, a number, a variant without parts.
    pub json_key: bool,
    /// Whether JSON can write it: no map in it has a key that is no such key.
    pub json: bool,
    /// Whether it is a [`Blob`](super::Blob), or there may be none: bytes with their media type, which
    /// may be a whole body.
    pub blob: bool,
    /// Whether anything in it is constrained: [`check`](Message::check) has something to look at.
    pub checked: bool,
}

impl Shape {
    /// Types may nest this deep.
    pub const MAX_DEPTH: u32 = 64;
    /// A value of no bytes.
    pub const EMPTY: Self = Self::number(0);

    /// A type without parts, of at least `min_bytes`.
    pub const fn leaf(min_bytes: u32) -> Self {
        Self {
            depth: 1,
            min_bytes,
            plain: false,
            json_key: false,
            json: true,
            blob: false,
            checked: false,
        }
    }

    /// A leaf that is a text in JSON, or may be written as one.
    pub const fn text(min_bytes: u32) -> Self {
        Self::leaf(min_bytes).key()
    }

    /// A number of `bytes`.
    pub const fn number(bytes: u32) -> Self {
        Self { plain: true, json_key: true, ..Self::leaf(bytes) }
    }

    /// How many bytes a plain value takes; not plain is what takes none.
    pub(crate) const fn plain_bytes(self) -> Option<usize> {
        if self.plain && self.min_bytes > 0 { Some(self.min_bytes as usize) } else { None }
    }

    /// This and another part, one after the other.
    pub const fn and(self, other: Self) -> Self {
        let depth = if self.depth > other.depth { self.depth } else { other.depth };
        let min_bytes = self.min_bytes.saturating_add(other.min_bytes);
        let (plain, json) = (self.plain && other.plain, self.json && other.json);
        let checked = self.checked || other.checked;
        Self { depth, min_bytes, plain, json_key: false, json, blob: false, checked }
    }

    /// A part inside something that adds `min_bytes` of its own.
    pub const fn inside(self, min_bytes: u32) -> Self {
        assert!(self.depth < Self::MAX_DEPTH, "messages nest at most 64 deep");
        let min_bytes = self.min_bytes.saturating_add(min_bytes);
        Self { depth: self.depth + 1, min_bytes, ..self }
    }

    /// Something that is constrained.
    pub const fn constrained(self) -> Self {
        Self { checked: true, ..self }
    }

    /// Something of which there may be none: an option, a variant.
    pub const fn optional(self, min_bytes: u32) -> Self {
        Self { min_bytes, plain: false, json_key: false, ..self.inside(0) }
    }

    /// Something that is a text in JSON, and so may be a key there.
    pub const fn key(self) -> Self {
        self.key_like(Self { json_key: true, ..self })
    }

    /// Something that is in JSON what its only part is.
    pub const fn key_like(self, part: Self) -> Self {
        Self { json_key: part.json_key, blob: part.blob, ..self }
    }

    /// A map from such keys to such values.
    pub const fn map_to(self, value: Self) -> Self {
        let pairs = self.and(value).inside(0).collection();
        Self { json: pairs.json && self.json_key, ..pairs }
    }

    /// A counted collection of such parts.
    pub const fn collection(self) -> Self {
        assert!(
            self.min_bytes > 0,
            "a collection of zero-sized elements can't cross a seam: a few bytes could claim \
             billions of them; send their number instead"
        );
        Self { blob: false, ..self.optional(8) }
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
