//! The ledger: calls whose outcome was unknown to their callers, written down by these, and what became of
//! them.

mod book;
mod entry;
mod file;
mod folder;
mod same;

pub use book::Book;
pub use entry::{Entry, Found, State};
pub use file::LedgerFile;
pub use folder::{FOLDER, read};
pub use same::{Same, has_hidden};
