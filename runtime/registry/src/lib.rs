//! The registry of seam: which instances of which units there are now, and where they are reached.
//!
//! Who is up registers an [`Entry`], renews it, and takes it out when it stops; who calls others
//! watches what is registered. What is offered at an address isn't the registry's to know: the units
//! tell each other when they meet.
//!
//! | file | holds |
//! | --- | --- |
//! | `entry` | [`Entry`]: an instance of a unit, where it is, and which process |
//! | `engine` | [`Engine`]: what keeps the entries; a file for each kind |
//! | `view` | [`View`]: what one process knows of the registry, also while that is away |
//! | `membership` | [`Membership`]: the process's part in it: renews its entry and follows the others |
//!
//! # What holds for every engine
//!
//! - While the registry is away nothing known is forgotten, and nobody expires: a view says then that
//!   it isn't fresh. Once it is back everything is read anew, and who isn't there any more has one
//!   lease's time to register again.
//! - Units needn't agree on the time. Who looks after an entry's lease counts it on its own clock, from
//!   when it saw it renewed.
//! - What is claimed ([`Engine::claim`]) is one holder's, by compare-and-set, and each grant has a
//!   higher fence than the one before it.

pub mod engine;

mod entry;
mod membership;
mod settings;
#[cfg(test)]
mod support;
mod view;

pub use self::engine::{Claimed, Engine, Expiry, News, Pending, RegistryError};
pub use self::entry::{Entry, Place, here};
pub use self::membership::Membership;
pub use self::settings::Settings;
pub use self::view::{Changes, View};
