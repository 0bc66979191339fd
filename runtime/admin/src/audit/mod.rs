//! What was done, by whom: `<data>/audit.jsonl`.

mod entry;
mod file;

pub use self::entry::AuditEntry;
pub use self::file::Audit;
