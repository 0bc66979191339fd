//! What others may ask of the service, and what it acts on.

use order::{Cents, OrderCreated, OrderDeclined, OrderId, OrderPaid, OrderRefunded, UserId};
use seam::StoreFailure;
use shipping::ShippingDispatched;

/// What became of orders.
#[seam::contract(name = "history", version = "1.0")]
pub trait History {
    /// What became of a user's orders, oldest first: a page of 1 to 100 orders, 20 unless `limit`
    /// says otherwise, from behind the order `after` on.
    #[call(http = "GET /api/history", public, allow = "self:user_id or role:support")]
    async fn list(
        &self,
        user_id: UserId,
        limit: Option<u32>,
        after: Option<OrderId>,
    ) -> Result<HistoryPage, HistoryError>;

    /// There is an order.
    #[call(on)]
    async fn order_created(&self, event: OrderCreated) -> Result<(), HistoryError>;

    /// It was paid for.
    #[call(on)]
    async fn order_paid(&self, event: OrderPaid) -> Result<(), HistoryError>;

    /// Payment said no.
    #[call(on)]
    async fn order_declined(&self, event: OrderDeclined) -> Result<(), HistoryError>;

    /// Its money went back.
    #[call(on)]
    async fn order_refunded(&self, event: OrderRefunded) -> Result<(), HistoryError>;

    /// It is on its way.
    #[call(on)]
    async fn shipping_dispatched(&self, event: ShippingDispatched) -> Result<(), HistoryError>;
}

/// An order, and what became of it.
#[seam::message]
#[derive(Copy, Eq)]
pub struct PastOrder {
    /// The order's id.
    pub id: OrderId,
    /// What it came to.
    pub total_cents: Cents,
    /// How far it got.
    pub status: HistoryStatus,
}

/// How far an order got, in the order in which that happens.
#[seam::message]
#[derive(Copy, Eq, PartialOrd, Ord)]
pub enum HistoryStatus {
    /// Nobody knows yet whether it was paid for.
    Pending,
    /// Payment said no.
    Declined,
    /// It was paid for.
    Paid,
    /// It is on its way.
    Shipped,
    /// It couldn't be shipped, and its money went back.
    Refunded,
}

/// Some of a user's orders.
#[seam::message]
pub struct HistoryPage {
    /// Oldest first.
    pub orders: Vec<PastOrder>,
    /// The `after` that gets the next page; none at the end.
    pub next: Option<OrderId>,
}

/// Why nothing is told, or noted.
#[seam::error]
pub enum HistoryError {
    /// a page has 1 to 100 orders
    #[error(status = 400)]
    InvalidLimit,
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
}
