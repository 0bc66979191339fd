//! Short texts of records as small numbers: codes, and the paths of requests.

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use parking_lot::RwLock;

/// So many different texts are kept, each with a number of 16 bits; further ones are told as [`OTHER`].
const MOST: usize = 16_384;
/// The longest, in bytes: what is longer is cut.
const LONGEST: usize = 256;
/// What stands for those that there was no room for.
const OTHER: &str = "other";

/// A text, kept for the life of the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Text(u32);

#[derive(Default)]
struct Texts {
    ids: HashMap<&'static str, u32>,
    texts: Vec<&'static str>,
}

fn texts() -> &'static RwLock<Texts> {
    static TEXTS: OnceLock<RwLock<Texts>> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let texts = vec!["", OTHER];
        let ids = texts.iter().enumerate().map(|(id, text)| (*text, id as u32)).collect();
        RwLock::new(Texts { ids, texts })
    })
}

impl Text {
    /// No text.
    pub const NONE: Self = Self(0);

    /// The text of that number, cut to 256 bytes; `other` once there are too many.
    pub fn of(text: &str) -> Self {
        let text = &text[..text.floor_char_boundary(LONGEST)];
        if let Some(id) = texts().read().ids.get(text) {
            return Self(*id);
        }
        let mut texts = texts().write();
        if let Some(id) = texts.ids.get(text) {
            return Self(*id);
        }
        let id = texts.texts.len();
        if id >= MOST {
            return Self(1);
        }
        // Kept for the life of the process, and bounded.
        let text: &'static str = Box::leak(text.into());
        texts.texts.push(text);
        texts.ids.insert(text, id as u32);
        Self(id as u32)
    }

    /// The text.
    pub fn as_str(self) -> &'static str {
        texts().read().texts.get(self.0 as usize).copied().unwrap_or(OTHER)
    }

    pub(super) const fn number(self) -> u32 {
        self.0
    }

    pub(super) const fn of_number(number: u32) -> Self {
        Self(number)
    }
}

impl From<Text> for u32 {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}
