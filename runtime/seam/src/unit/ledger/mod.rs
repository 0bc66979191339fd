//! The unit's ledger: its calls whose outcome is unknown, written down, and what became of them.
//!
//! Who makes a call hands it over and goes on; a thread writes it down. What became of it is asked of the
//! units where it may have run, each of which keeps that for a while by the caller's span; or the same call is
//! made again, and tells it.

mod ask;
mod keeping;
mod seeking;
mod settling;

pub(super) use self::ask::{FatesInlet, contract, service};
pub(super) use self::keeping::Ledger;
