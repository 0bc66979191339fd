//! The engine `embedded`: one unit keeps the registry in its memory, and the others ask it over the
//! wire, as they call any service there. What proves a peer to the wire proves it here as well.
//!
//! | file | holds |
//! | --- | --- |
//! | `book` | what is registered and claimed: a machine without I/O |
//! | `request` | what is asked and answered, as JSON |
//! | `keeper` | [`Keeper`]: answers, here and for the wire |
//! | `asking` | [`Embedded`]: the engine, which asks |
//!
//! After a restart the keeper knows nothing: everybody registers anew as soon as it answers. Claims are
//! granted only a lease later, for somebody may hold what it knows nothing of; who does renews it.

mod asking;
mod book;
mod keeper;
mod request;

pub use self::asking::{Embedded, contract};
pub use self::keeper::Keeper;
