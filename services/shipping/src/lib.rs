//! The shop's shipments: booked, then dispatched or cancelled.
//!
//! The contract is [`Shipping`]; who calls it needs no more than that and builds this crate without
//! its default feature `service`. The actor is [`ShippingService`].

mod contract;
#[cfg(feature = "service")]
mod service;
#[cfg(feature = "service")]
#[cfg(test)]
mod tests;

pub use self::contract::{
    OrderId, Shipment, ShipmentStatus, Shipments, Shipping, ShippingClient, ShippingContract,
    ShippingDispatched, ShippingError,
};
#[cfg(feature = "service")]
pub use self::service::{ShippingConfig, ShippingService};
