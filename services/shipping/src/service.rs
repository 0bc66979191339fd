//! The actor: a table of shipments, one per order.

use std::collections::BTreeSet;
use std::sync::Arc;

use seam::prelude::*;
use serde::{Deserialize, Serialize};

use crate::contract::{
    OrderId, Shipment, ShipmentStatus, Shipments, Shipping, ShippingContract, ShippingDispatched,
    ShippingError,
};

/// Ships what was ordered.
#[derive(Debug)]
pub struct ShippingService {
    shipments: Table<OrderId, Row>,
    refuse: Arc<BTreeSet<String>>,
    dispatched: Topic<ShippingDispatched>,
}

/// `[services.shipping.config]`.
///
/// ```toml
/// [services.shipping.config]
/// refuse = ["anvil"]
/// ```
#[seam::config]
pub struct ShippingConfig {
    /// The skus that are booked like others, and then not taken along. Default: `["anvil"]`.
    #[serde(default = "refuse")]
    pub refuse: BTreeSet<String>,
}

fn refuse() -> BTreeSet<String> {
    ["anvil".to_owned()].into()
}

/// A shipment, and what is in it.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    skus: Vec<String>,
    status: ShipmentStatus,
}

impl Actor for ShippingService {
    type Contract = ShippingContract;
    type Config = ShippingConfig;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self::new(&setup.store()?, setup.config().refuse.clone(), setup.topic()?)?)
    }
}

impl ShippingService {
    pub(crate) fn new(
        store: &Store,
        refuse: BTreeSet<String>,
        dispatched: Topic<ShippingDispatched>,
    ) -> Result<Self, StoreError> {
        Ok(Self { shipments: store.table("shipments")?, refuse: refuse.into(), dispatched })
    }
}

impl Shipping for ShippingService {
    async fn book(&self, order: OrderId, skus: Vec<String>) -> Result<Shipment, ShippingError> {
        let shipments = self.shipments.clone();
        let book = self.shipments.store().transaction(move |tx| {
            let status = match tx.get(&shipments, &order)? {
                Some(Row { status: ShipmentStatus::Cancelled, .. }) => {
                    return Err(ShippingError::Cancelled);
                }
                Some(row) => row.status,
                None => {
                    let row = Row { skus, status: ShipmentStatus::Booked };
                    tx.insert(&shipments, &order, &row)?;
                    row.status
                }
            };
            Ok(Shipment { order_id: order, status })
        });
        Ok(book.await?)
    }

    async fn dispatch(&self, order: OrderId) -> Result<Shipment, ShippingError> {
        let (shipments, refuse) = (self.shipments.clone(), Arc::clone(&self.refuse));
        let dispatched = self.dispatched.clone();
        let dispatch = self.shipments.store().transaction(move |tx| {
            let row = tx.get(&shipments, &order)?.ok_or(ShippingError::NotBooked)?;
            let status = ShipmentStatus::Dispatched;
            match row.status {
                ShipmentStatus::Cancelled => return Err(ShippingError::Cancelled),
                ShipmentStatus::Dispatched => {}
                ShipmentStatus::Booked => {
                    if let Some(sku) = row.skus.iter().find(|sku| refuse.contains(*sku)) {
                        return Err(ShippingError::Refused { sku: sku.clone() });
                    }
                    tx.insert(&shipments, &order, &Row { status, ..row })?;
                    tx.publish(&dispatched, &ShippingDispatched { order_id: order })?;
                }
            }
            Ok(Shipment { order_id: order, status })
        });
        Ok(dispatch.await?)
    }

    async fn cancel(&self, order: OrderId) -> Result<Shipment, ShippingError> {
        let shipments = self.shipments.clone();
        let cancel = self.shipments.store().transaction(move |tx| {
            let status = ShipmentStatus::Cancelled;
            // What isn't booked is cancelled all the same: its booking may be on its way still.
            let skus = match tx.get(&shipments, &order)? {
                Some(Row { status: ShipmentStatus::Dispatched, .. }) => {
                    return Err(ShippingError::AlreadyDispatched);
                }
                Some(row) => row.skus,
                None => Vec::new(),
            };
            tx.insert(&shipments, &order, &Row { skus, status })?;
            Ok(Shipment { order_id: order, status })
        });
        Ok(cancel.await?)
    }

    async fn list(&self, order_id: OrderId) -> Result<Shipments, ShippingError> {
        let row = self.shipments.get(&order_id).await?;
        let shipment = row.map(|row| Shipment { order_id, status: row.status });
        Ok(Shipments { shipments: shipment.into_iter().collect() })
    }
}
