//! Values that may be used once, at whichever edge.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;

use super::Among;
use super::request::{Answer, Request, millis};
use crate::together::claims::stands_for;
use crate::together::{Apart, Claim};

impl Among {
    /// The first edge of all decides; who doesn't answer may have decided, and so it is asked for the same
    /// claimant wherever that is asked next.
    pub(super) async fn claim_among(&self, value: &str, lasting: Duration) -> Result<Claim, Apart> {
        let claimant = fastrand::u128(..);
        let request =
            Request::Claim { value: value.to_owned(), claimant, lasting: millis(lasting) };
        for other in &self.deciders() {
            let answer = self.asking(other).ask(&request).await;
            if let Some(claim) = answer.and_then(Answer::claim) {
                return Ok(claim);
            }
        }
        self.decide_claim(value, claimant, lasting).await
    }

    /// Decides, and tells all others before it says so: one of them may have decided otherwise, while it
    /// couldn't ask this one.
    pub(super) async fn decide_claim(
        &self,
        value: &str,
        claimant: u128,
        lasting: Duration,
    ) -> Result<Claim, Apart> {
        if self.claim_here(value, claimant, lasting).await? == Claim::Before {
            return Ok(Claim::Before);
        }
        let others = self.reached().others;
        let (value, lasting) = (value.to_owned(), millis(lasting));
        let request = &Request::Claimed { value, claimant, lasting };
        let told = others.iter().map(|other| async { self.asking(other).ask(request).await });
        let told = join_all(told).await;
        let is_known =
            told.into_iter().flatten().any(|answer| answer.claim() == Some(Claim::Before));
        Ok(if is_known { Claim::Before } else { Claim::First })
    }

    /// Claims it here, for whoever does.
    pub(super) async fn claim_here(
        &self,
        value: &str,
        claimant: u128,
        lasting: Duration,
    ) -> Result<Claim, Apart> {
        let claim = self.here.claim_for(claimant, value, lasting)?;
        let kept = self.kept.as_ref().filter(|_| claim == Claim::First);
        if let Some(kept) = kept.map(|kept| Arc::clone(&kept.claims)) {
            let line = [(format!("{:x}", stands_for(value)), lasting)];
            let kept = tokio::task::spawn_blocking(move || kept.add(&line)).await;
            let kept = kept.unwrap_or_else(|error| Err(io::Error::other(error)));
            if let Err(error) = kept {
                // A full disk stops nobody: it is known for as long as the process lives.
                tracing::error!(%error, "what was used once may be used again after a restart");
            }
        }
        Ok(claim)
    }
}
