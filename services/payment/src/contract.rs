//! What others may ask of the service.

use seam::StoreFailure;

/// An amount of money, in cents.
pub type Cents = u64;
/// The id of the order that is paid.
pub type OrderId = u64;

/// Money in, receipts out.
#[seam::contract(name = "payment", version = "1.0")]
pub trait Payment {
    /// Takes the money for an order, once per order: who asks again gets the first receipt.
    #[call(idempotent, deadline = "2s")]
    async fn charge(&mut self, order: OrderId, amount: Cents) -> Result<Receipt, PaymentError>;

    /// The receipt of a paid order.
    async fn receipt(&self, order: OrderId) -> Result<Receipt, PaymentError>;

    /// Gives the money for an order back, once per order. Its receipt stays.
    #[call(idempotent, deadline = "2s")]
    async fn refund(&mut self, order: OrderId) -> Result<Charge, PaymentError>;

    /// What was paid for an order: one charge, or none.
    #[call(http = "GET /api/payment", public, allow = "role:support")]
    async fn list(&self, order_id: OrderId) -> Result<Charges, PaymentError>;
}

/// A charge that went through.
#[seam::message]
pub struct Receipt {
    /// Counted from 1, and never given twice.
    pub id: u64,
    /// What was paid for.
    pub order_id: OrderId,
    /// What was paid.
    pub amount_cents: Cents,
}

/// A charge, and whether it was given back.
#[seam::message]
#[derive(Copy, Eq)]
pub struct Charge {
    /// The receipt's id.
    pub id: u64,
    /// What was paid for.
    pub order_id: OrderId,
    /// What was paid.
    pub amount_cents: Cents,
    /// `true` once the money went back; not there until then.
    #[json(skip_if_none)]
    pub refunded: Option<bool>,
}

/// Some charges.
#[seam::message]
pub struct Charges {
    /// By id.
    pub payments: Vec<Charge>,
}

/// Why there is no receipt.
#[seam::error]
pub enum PaymentError {
    /// the charge is over the limit
    #[error(status = 402)]
    Declined,
    /// there is nothing to charge: the amount is below 1
    #[error(status = 400)]
    InvalidAmount,
    /// the order was charged before, with another amount
    #[error(status = 409)]
    AmountDiffers,
    /// the order hasn't been paid
    #[error(status = 404)]
    NotPaid,
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
}
