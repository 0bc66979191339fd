//! A saga as a shop has one, of services that are stood in for, in a world that outlives each crash.
//!
//! ```text
//! saga      pays, books, dispatches, and writes down how that ended; undoes it where it can't go on
//! world     what the others have done: who has paid, what is booked
//! crashes   where a run is cut off
//! ```

mod crashes;
mod saga;
mod world;

pub(crate) use self::crashes::Crashes;
pub(crate) use self::saga::Trade;
pub(crate) use self::world::{Fate, World};
