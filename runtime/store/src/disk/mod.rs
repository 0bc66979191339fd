//! What files in a folder that one process owns need, whatever engine has written them: the event log
//! beside a store, too.
//!
//! ```text
//! owned   the file whose lock says who owns the folder, and one line about what is in there
//! room    whether there is room to write, and which errors say that there isn't
//! ```

mod owned;
mod room;
#[cfg(test)]
pub(crate) mod small;

pub use self::owned::{FILE, OwnedFile};
pub use self::room::{is_shortage, lacking};
