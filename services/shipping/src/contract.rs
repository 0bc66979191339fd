//! What others may ask of the service, and what they may observe.

use seam::StoreFailure;

/// The id of the order that is shipped.
pub type OrderId = u64;

/// Shipments: one per order.
#[seam::contract(name = "shipping", version = "1.0", events(ShippingDispatched))]
pub trait Shipping {
    /// Books the shipment of an order. Who asks again gets it as it is.
    #[call(idempotent)]
    async fn book(&self, order: OrderId, skus: Vec<String>) -> Result<Shipment, ShippingError>;

    /// Sends what is booked on its way, once per order; or refuses to, and then it stays booked.
    #[call(idempotent)]
    async fn dispatch(&self, order: OrderId) -> Result<Shipment, ShippingError>;

    /// Cancels the shipment of an order. A booking that comes after that is refused.
    #[call(idempotent)]
    async fn cancel(&self, order: OrderId) -> Result<Shipment, ShippingError>;

    /// The shipments of an order: one, or none.
    #[call(http = "GET /api/shipping", public, allow = "role:support")]
    async fn list(&self, order_id: OrderId) -> Result<Shipments, ShippingError>;
}

/// What was ordered is on its way.
#[seam::event(topic = "shipping.dispatched", version = 1, key = order_id)]
pub struct ShippingDispatched {
    /// The order that it is for.
    pub order_id: OrderId,
}

/// A shipment.
#[seam::message]
#[derive(Copy, Eq)]
pub struct Shipment {
    /// The order that it is for.
    pub order_id: OrderId,
    /// How far it got.
    pub status: ShipmentStatus,
}

/// How far a shipment got. Dispatched and cancelled are final.
#[seam::message]
#[derive(Copy, Eq)]
pub enum ShipmentStatus {
    /// There is a place for it.
    Booked,
    /// It is on its way.
    Dispatched,
    /// It won't be sent.
    Cancelled,
}

/// Some shipments.
#[seam::message]
pub struct Shipments {
    /// Of one order: one, or none.
    pub shipments: Vec<Shipment>,
}

/// Why there is no such shipment.
#[seam::error]
pub enum ShippingError {
    /// this isn't shipped
    #[error(status = 422, text = "`{sku}` isn't shipped")]
    Refused {
        /// What can't be.
        sku: String,
    },
    /// no shipment of this order is booked
    #[error(status = 404)]
    NotBooked,
    /// the shipment of this order was cancelled
    #[error(status = 409)]
    Cancelled,
    /// the shipment of this order is on its way: it can't be cancelled any more
    #[error(status = 409)]
    AlreadyDispatched,
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
}
