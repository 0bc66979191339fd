//! Addresses that send wrong credentials: after so many of them, none is looked at any more.

use super::Here;
use super::limit::network;
use crate::problem::Problem;
use crate::together::{Ask, Counts};

/// The wrong credentials that addresses have sent of late, to this edge.
#[derive(Debug, Default)]
pub(crate) struct Failures(Counts);

/// Refuses to look at a credential of an address that has sent too many wrong ones.
pub(super) fn check(here: &Here<'_>) -> Result<(), Problem> {
    let look = |failures: &Failures, ask: &Ask<'_>| failures.0.wait(ask, here.request.began);
    match with(here, look).flatten() {
        Some(wait) => Err(Problem::rate_limited(wait)),
        None => Ok(()),
    }
}

/// The credential was a wrong one.
pub(super) fn note(here: &Here<'_>) {
    with(here, |failures, ask| failures.0.take(&[*ask], here.request.began));
}

fn with<T>(here: &Here<'_>, run: impl FnOnce(&Failures, &Ask<'_>) -> T) -> Option<T> {
    let (quota, address) = (here.settings.limits.failures?, here.request.peer()?);
    let key = network(address).to_string();
    let ask = Ask { name: "failures", key: &key, quota };
    Some(run(&here.worker.shared.failures, &ask))
}
