//! The contract's client as the bench's callers call it: the client's own futures, with nothing
//! around them.

use seam::prelude::CallError;
use seam_core::contract::Never;

use super::prices::PricesClient;
use crate::measure::Ask;
use crate::messages::{Basket, Priced};

/// Why a call has no answer whose method can't fail.
pub(crate) type NoAnswer = CallError<Never>;

/// Calls in shared turns.
#[derive(Clone, Debug)]
pub(crate) struct Shared(pub(crate) PricesClient);

impl Ask for Shared {
    type Error = NoAnswer;

    fn tiny(&self, n: u64) -> impl Future<Output = Result<u64, NoAnswer>> + Send {
        self.0.tiny(n)
    }

    fn price(&self, basket: Basket) -> impl Future<Output = Result<Priced, NoAnswer>> + Send {
        self.0.price(basket)
    }
}

/// Calls in exclusive turns.
#[derive(Clone, Debug)]
pub(crate) struct Exclusive(pub(crate) PricesClient);

impl Ask for Exclusive {
    type Error = NoAnswer;

    fn tiny(&self, n: u64) -> impl Future<Output = Result<u64, NoAnswer>> + Send {
        self.0.tiny_exclusive(n)
    }

    fn price(&self, basket: Basket) -> impl Future<Output = Result<Priced, NoAnswer>> + Send {
        self.0.price_exclusive(basket)
    }
}
