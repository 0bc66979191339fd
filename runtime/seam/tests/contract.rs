//! A contract as users write one: what the macros make of it, called in every way that there is.

use std::collections::BTreeMap;

use seam::prelude::*;

#[seam::message]
#[derive(Eq, Copy)]
struct OrderId(u64);

#[seam::message]
struct Receipt {
    order: OrderId,
    amount_cents: u64,
}

#[seam::message]
enum Colour {
    Red,
    Mixed(u8, u8, u8),
    Named { colour_name: String },
    Wrapped(Option<Box<Receipt>>),
}

#[seam::error]
enum PaymentError {
    /// The bank said no.
    Declined,
    #[error(status = 404, code = "no_receipt", text = "no receipt for {order:?}, {{sorry}}")]
    Missing { order: OrderId },
    #[error(text = "{0} of {1}")]
    Pair(u8, String),
    #[error(unknown)]
    LostTrack,
    #[error(inner)]
    Inner(InnerError),
}

/// Money in, receipts out.
#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    /// Takes the money.
    #[call(idempotent, deadline = "2s")]
    async fn charge(&mut self, order: OrderId, amount_cents: u64) -> Result<Receipt, PaymentError>;
    async fn receipt(&self, order: OrderId) -> Result<Receipt, PaymentError>;
    async fn ping(&self) -> u64;
    async fn clear(&mut self);
    async fn paint(&self, colour: Colour, nested: Option<Option<u8>>) -> Vec<Colour>;
    async fn count(&self, words: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, u64>;
}

#[derive(Default)]
struct Fake {
    receipts: Vec<Receipt>,
}

impl Payment for Fake {
    async fn charge(&mut self, order: OrderId, amount_cents: u64) -> Result<Receipt, PaymentError> {
        if amount_cents > 100 {
            return Err(PaymentError::Declined);
        }
        tokio::task::yield_now().await;
        let receipt = Receipt { order, amount_cents };
        self.receipts.push(receipt.clone());
        Ok(receipt)
    }

    async fn receipt(&self, order: OrderId) -> Result<Receipt, PaymentError> {
        let found = self.receipts.iter().find(|receipt| receipt.order == order);
        found.cloned().ok_or(PaymentError::Missing { order })
    }

    async fn ping(&self) -> u64 {
        self.receipts.len() as u64
    }

    async fn clear(&mut self) {
        self.receipts.clear();
    }

    async fn paint(&self, colour: Colour, nested: Option<Option<u8>>) -> Vec<Colour> {
        let times = nested.flatten().unwrap_or(1);
        (0..times).map(|_| colour.clone()).collect()
    }

    async fn count(&self, words: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, u64> {
        words.into_iter().map(|(word, bytes)| (word, bytes.len() as u64)).collect()
    }
}

#[tokio::test]
async fn a_client_on_a_fake_calls_it() {
    let client = PaymentClient::local(Fake::default());
    let receipt = client.charge(OrderId(7), 42).await.unwrap();
    assert_eq!(receipt, Receipt { order: OrderId(7), amount_cents: 42 });
    assert_eq!(client.receipt(OrderId(7)).await, Ok(receipt));
    assert_eq!(client.ping().await, Ok(1));
    client.clear().await.unwrap();
    assert_eq!(client.ping().await, Ok(0));
    let refused = client.charge(OrderId(8), 101).await;
    assert_eq!(refused, Err(CallError::Service(PaymentError::Declined)));
}
