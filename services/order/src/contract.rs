//! What others may ask of the service.

use payment::{Cents, OrderId, Receipt};
use seam::StoreFailure;
use seam::outcome::InnerError;
use shipping::ShippingError;
use user::{UserError, UserId};

use crate::events::{OrderCreated, OrderDeclined, OrderPaid, OrderRefunded};

/// Orders, and the way to their payment.
#[seam::contract(
    name = "order",
    version = "1.0",
    events(OrderCreated, OrderPaid, OrderDeclined, OrderRefunded)
)]
pub trait Order {
    /// Places an order and pays for it.
    ///
    /// With an idempotency key, asking again gets the first final answer: paid or declined, and
    /// charged once. If payment was away the first time, it takes the pending order up again.
    /// Without a key such an order stays pending.
    #[call(
        complete,
        public,
        http = "POST /api/order",
        status = 201,
        location = "/api/order/{order.id}",
        header(key = "Idempotency-Key"),
        allow = "self:user_id or role:support"
    )]
    async fn place(
        &self,
        user_id: UserId,
        products: Vec<Product>,
        key: Option<String>,
    ) -> Result<Placed, OrderError>;

    /// One order. Another's isn't there for whoever is known, unless that is support.
    #[call(http = "GET /api/order/{id}", public, allow = "signed_in")]
    async fn get(&self, id: OrderId) -> Result<Purchase, OrderError>;

    /// A user's orders, oldest first: a page of 1 to 100 orders, 20 unless `limit` says otherwise,
    /// from behind the order `after` on.
    #[call(http = "GET /api/order", public, allow = "self:user_id or role:support")]
    #[call(http = "GET /api/orders")]
    async fn list(
        &self,
        user_id: UserId,
        limit: Option<u32>,
        after: Option<OrderId>,
    ) -> Result<OrderPage, OrderError>;

    /// Has an order that was paid for shipped; the money for what can't be shipped goes back. It begins
    /// as the order is paid.
    #[call(saga)]
    async fn fulfil(&self, order: OrderId) -> Result<(), OrderError>;
}

/// So many of one thing.
#[seam::message]
pub struct Product {
    /// Which thing: 1 to 64 characters.
    pub sku: String,
    /// How many; at least 1.
    pub quantity: u64,
    /// The price of one; at least 1.
    pub unit_price_cents: Cents,
}

/// An order.
#[seam::message]
pub struct Purchase {
    /// Counted from 1, and never given twice.
    pub id: OrderId,
    /// Who ordered.
    pub user_id: UserId,
    /// What was ordered.
    pub products: Vec<Product>,
    /// What it comes to.
    pub total_cents: Cents,
    /// How far it got.
    pub status: Status,
}

/// How far an order got. Declined and refunded are final, and so is paid once it is shipped.
#[seam::message]
#[derive(Copy, Eq)]
pub enum Status {
    /// Nobody knows yet whether it was paid for.
    Pending,
    /// It was paid for.
    Paid,
    /// Payment said no.
    Declined,
    /// It couldn't be shipped, and its money went back.
    Refunded,
}

/// An order that was paid for.
#[seam::message]
pub struct Placed {
    /// The order.
    pub order: Purchase,
    /// What was paid.
    pub payment: Receipt,
}

/// Some of a user's orders.
#[seam::message]
pub struct OrderPage {
    /// Oldest first.
    pub orders: Vec<Purchase>,
    /// The `after` that gets the next page; none at the end.
    pub next: Option<OrderId>,
}

/// Why there is no such order.
#[seam::error]
pub enum OrderError {
    /// this can't be ordered
    #[error(status = 400, text = "this can't be ordered: {reason}")]
    InvalidOrder {
        /// What is wrong with it.
        reason: String,
    },
    /// an idempotency key has 1 to 255 visible ASCII characters
    #[error(status = 400)]
    InvalidIdempotencyKey,
    /// a page has 1 to 100 orders
    #[error(status = 400)]
    InvalidLimit,
    /// who orders isn't known
    #[error(from)]
    User(UserError),
    /// there is no order of this id
    #[error(status = 404)]
    OrderNotFound,
    /// the payment was declined
    #[error(status = 402)]
    Declined {
        /// The order, as it is kept.
        order: Purchase,
        /// The request that got this answer first.
        first_request_id: String,
    },
    /// this idempotency key belongs to another order: use a new one for each
    #[error(status = 422)]
    IdempotencyKeyReused,
    /// the payment service is away: the order is pending, and the same idempotency key takes it up
    /// again
    #[error(status = 503, unknown)]
    PaymentUnavailable,
    /// payment has charged an order of this id before, with another amount
    #[error(status = 500)]
    PaymentMismatch,
    /// an order with the same idempotency key takes its time
    #[error(status = 503, unknown)]
    InProgress,
    /// the order hasn't been paid for
    #[error(status = 409)]
    NotPaid,
    /// the order can't be shipped
    #[error(from)]
    Shipping(ShippingError),
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
