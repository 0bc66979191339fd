//! What others may observe. Each event names its order, and says enough of it that nobody need ask.

use payment::{Cents, OrderId};
use user::UserId;

/// There is an order. It isn't paid for yet.
#[seam::event(topic = "order.created", version = 1, key = order_id)]
pub struct OrderCreated {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub user_id: UserId,
    /// What it comes to.
    pub total_cents: Cents,
}

/// An order was paid for.
#[seam::event(topic = "order.paid", version = 1, key = order_id)]
pub struct OrderPaid {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub user_id: UserId,
    /// What was paid.
    pub total_cents: Cents,
}

/// The payment of an order was declined.
#[seam::event(topic = "order.declined", version = 1, key = order_id)]
pub struct OrderDeclined {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub user_id: UserId,
    /// What wasn't paid.
    pub total_cents: Cents,
}

/// An order that was paid for couldn't be fulfilled, and its money went back.
#[seam::event(topic = "order.refunded", version = 1, key = order_id)]
pub struct OrderRefunded {
    /// The order.
    pub order_id: OrderId,
    /// Who ordered.
    pub user_id: UserId,
    /// What went back.
    pub total_cents: Cents,
}
