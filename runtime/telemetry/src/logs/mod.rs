//! The lines of units' logs: what one is, where they are kept, and how they are found.
//!
//! A process writes its lines to `PROCESS.jsonl` in the folder of the logs ([`LogFile`]); what came
//! before is in `PROCESS@000001.jsonl` and so on. Nobody is asked to find a line again: [`query`] and
//! [`Follower`] read the files, of processes that are gone as of those that run.

mod backwards;
mod entry;
mod file;
mod filter;
mod folder;
mod follow;
mod level;
mod line;
mod query;
mod text;
mod time;

pub use entry::LogEntry;
pub use file::{Keep, LogFile};
pub use filter::Query;
pub use follow::Follower;
pub use level::Level;
pub use query::query;
pub use text::Look;
pub use time::{now, since};
