//! What other edges ask this one.

use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::remote::{Inbound, Inlet, Served, own_contract, serve_named};

use super::Among;
use super::request::{Answer, Asked, Request, micros};
use crate::together::{Apart, Ask, Claim};

/// What the companions of all edges are called.
const NAME: &str = "seam.together";

/// The service by which edges ask each other; `None` if the process has met too many names.
pub fn service() -> Option<ServiceId> {
    ServiceId::of(NAME)
}

/// Its contract: one method that takes MessagePack and answers it.
pub fn contract() -> &'static ContractDescriptor {
    static CONTRACT: OnceLock<ContractDescriptor> = OnceLock::new();
    CONTRACT.get_or_init(|| own_contract(NAME, "rmp"))
}

/// An edge, for others that ask over the wire.
#[derive(Debug, Clone)]
pub struct Companion(Arc<Among>);

impl Companion {
    /// Answers for this edge.
    pub const fn new(among: Arc<Among>) -> Self {
        Self(among)
    }
}

impl Among {
    async fn answer(&self, request: Request) -> Answer {
        let done = |done: Result<(), Apart>| done.map_or(Answer::NotMe, |()| Answer::Done);
        let claimed = |claim: Result<Claim, Apart>| match claim {
            Ok(claim) => Answer::Claimed { first: claim == Claim::First },
            Err(_) => Answer::NotMe,
        };
        match request {
            // Who has just begun doesn't know enough.
            Request::Take { .. } | Request::Claim { .. }
                if !self.joined.load(Ordering::Acquire) =>
            {
                Answer::NotMe
            }
            Request::Take { asks } => match asks_of(&asks) {
                Some(asks) => self.decide(&asks).await.into(),
                None => Answer::NotMe,
            },
            Request::Took { taken } => {
                for (asked, number, age) in &taken {
                    if let Some(ask) = asked.ask() {
                        self.here.note(&ask, (*number, Duration::from_micros(*age)));
                    }
                }
                Answer::Done
            }
            Request::Recall { asks } => {
                let known = |asked: &Asked| {
                    let known = self.here.recall(&asked.ask()?)?;
                    Some(known.into_iter().map(|(number, age)| (number, micros(age))).collect())
                };
                Answer::Recalled { known: asks.iter().map(known).collect() }
            }
            Request::Claim { value, claimant, lasting } => {
                let lasting = Duration::from_millis(lasting);
                claimed(self.decide_claim(&value, claimant, lasting).await)
            }
            Request::Claimed { value, claimant, lasting } => {
                let lasting = Duration::from_millis(lasting);
                claimed(self.claim_here(&value, claimant, lasting).await)
            }
            Request::Ended { sessions } => done(self.ended(sessions).await),
            Request::Endings { behind } => self.endings(behind.as_deref()),
        }
    }
}

/// `None` if there is none, or one of them is none.
fn asks_of(asked: &[Asked]) -> Option<Vec<Ask<'_>>> {
    asked.iter().map(Asked::ask).collect::<Option<Vec<_>>>().filter(|asks| !asks.is_empty())
}

impl Inlet for Companion {
    fn service(&self) -> ServiceId {
        self.0.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        contract()
    }

    fn serve(&self, inbound: Inbound<'_>, _: &mut Vec<u8>) -> Served {
        let among = Arc::clone(&self.0);
        serve_named(&inbound, &self.0.clock, |request| async move { among.answer(request).await })
    }
}
