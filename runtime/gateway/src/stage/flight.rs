//! How many requests are answered at once.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Here;
use super::route::Found;
use crate::problem::Problem;

/// The requests that are being answered, where somebody counts them.
#[derive(Debug, Default)]
pub(crate) struct InFlight(AtomicU32);

/// One of them, until it is dropped.
#[derive(Debug)]
pub(super) struct Inside<'a>(&'a InFlight);

/// Refuses a request while there are too many; how the edge is can be asked all the same.
pub(super) fn enter<'a>(here: &Here<'a>, found: &Found<'_>) -> Result<Option<Inside<'a>>, Problem> {
    let limit = here.settings.limits.in_flight;
    if limit == 0 || matches!(found, Found::Health | Found::Readiness) {
        return Ok(None);
    }
    let in_flight = &here.worker.shared.in_flight;
    // Who is let out again was never inside to those who look at the same moment: they may be refused
    // for it, and never let in beyond the limit.
    let inside = Inside(in_flight);
    if in_flight.0.fetch_add(1, Ordering::Relaxed) < limit {
        return Ok(Some(inside));
    }
    drop(inside);
    Err(Problem::overloaded("this edge answers as many requests as it may"))
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}
