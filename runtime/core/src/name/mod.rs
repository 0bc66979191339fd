//! Names of services as small numbers, so that a call's context is cheap to carry; and what a name
//! that nobody knows was meant for.

mod caller;
mod spelling;

use std::collections::HashMap;
use std::fmt;
use std::sync::OnceLock;

use parking_lot::RwLock;

pub use self::caller::Caller;
pub use self::spelling::instead;

/// Names beyond this many are refused: they may come from a peer, and nothing is unbounded.
const MAX_NAMES: usize = 16_384;
/// The longest name of a service, in bytes.
pub const MAX_NAME_LEN: usize = 64;

/// A service's name, interned for the life of the process.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ServiceId(u16);

/// The ids of names.
fn ids() -> &'static RwLock<HashMap<&'static str, u16>> {
    static IDS: OnceLock<RwLock<HashMap<&'static str, u16>>> = OnceLock::new();
    IDS.get_or_init(RwLock::default)
}

/// Names are kept in pages of so many.
const PAGE: usize = 128;
type Page = [OnceLock<&'static str>; PAGE];

/// The names of ids: read for every call that crosses the wire, so without a lock.
static NAMES: [OnceLock<Box<Page>>; MAX_NAMES / PAGE] =
    [const { OnceLock::new() }; MAX_NAMES / PAGE];

fn page_of(id: u16) -> &'static OnceLock<Box<Page>> {
    // An id beyond the last page was never given.
    &NAMES[usize::from(id) / PAGE % NAMES.len()]
}

impl ServiceId {
    /// The id of `name`; `None` if the name is no name (empty, over [`MAX_NAME_LEN`], other than
    /// ASCII letters, digits, `-`, `_`, `.` and `@`) or if the process has seen too many.
    pub fn of(name: &str) -> Option<Self> {
        if let Some(id) = Self::known(name) {
            return Some(id);
        }
        if !is_name(name) {
            return None;
        }
        let mut ids = ids().write();
        if let Some(id) = ids.get(name) {
            return Some(Self(*id));
        }
        if ids.len() >= MAX_NAMES {
            return None;
        }
        let id = ids.len() as u16;
        // Kept for the life of the process, and bounded by MAX_NAMES.
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        let page = page_of(id).get_or_init(|| Box::new([const { OnceLock::new() }; PAGE]));
        page[usize::from(id) % PAGE].get_or_init(|| name);
        ids.insert(name, id);
        Some(Self(id))
    }

    /// The id of a name that the process has met before.
    pub fn known(name: &str) -> Option<Self> {
        ids().read().get(name).map(|id| Self(*id))
    }

    /// The name.
    pub fn name(self) -> &'static str {
        let name = page_of(self.0).get().and_then(|page| page[usize::from(self.0) % PAGE].get());
        name.copied().unwrap_or("?")
    }

    /// The name without the major that may stand behind it: `loyalty` of `loyalty@2`.
    pub fn bare(self) -> &'static str {
        bare(self.name())
    }

    pub(crate) const fn raw(self) -> u16 {
        self.0
    }

    pub(crate) const fn from_raw(raw: u16) -> Self {
        Self(raw)
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Debug for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The name of a service without the major that may stand behind it.
pub fn bare(name: &str) -> &str {
    name.split_once('@').map_or(name, |(bare, _)| bare)
}

fn is_name(name: &str) -> bool {
    let fits = !name.is_empty() && name.len() <= MAX_NAME_LEN;
    fits && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_has_one_id() {
        let id = ServiceId::of("name-test").unwrap();
        assert_eq!(ServiceId::of("name-test"), Some(id));
        assert_eq!(id.name(), "name-test");
        assert_eq!(id.to_string(), "name-test");
    }

    #[test]
    fn what_is_no_name_is_refused() {
        let long = "x".repeat(65);
        for name in ["", "a b", "a/b", long.as_str(), "é"] {
            assert_eq!(ServiceId::of(name), None, "{name}");
        }
    }
}
