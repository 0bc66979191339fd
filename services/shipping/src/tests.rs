//! The actor on a database of its own.

use seam::prelude::*;
use seam_bus::Outbox;
use tempfile::TempDir;

use crate::contract::{
    Shipment, ShipmentStatus, ShippingClient, ShippingDispatched, ShippingError,
};
use crate::service::ShippingService;

use ShipmentStatus::{Booked, Cancelled, Dispatched};

struct Scene {
    shipping: ShippingClient,
    outbox: Outbox,
    _folder: TempDir,
}

impl Scene {
    /// One where anvils are refused.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let outbox = Outbox::open(&store).unwrap();
        let topic = Topic::<ShippingDispatched>::new(outbox.clone());
        let refuse = ["anvil".to_owned()].into();
        let service = ShippingService::new(&store, refuse, topic).unwrap();
        Self { shipping: ShippingClient::local(service), outbox, _folder: folder }
    }

    async fn book(&self, order: u64, sku: &str) -> ShipmentStatus {
        self.shipping.book(order, vec!["tea".into(), sku.into()]).await.unwrap().status
    }

    /// The one shipment of an order.
    async fn shipment(&self, order: u64) -> Option<ShipmentStatus> {
        let shipments = self.shipping.list(order).await.unwrap().shipments;
        assert!(shipments.len() <= 1, "{shipments:?}");
        shipments.first().map(|shipment| shipment.status)
    }

    /// Of which orders it was told that they are on their way.
    async fn told(&self) -> Vec<Vec<u8>> {
        let records = self.outbox.from(1, 10).await.unwrap();
        records.into_iter().map(|(_, record)| record.body.into()).collect()
    }
}

fn error(result: Result<Shipment, CallError<ShippingError>>) -> ShippingError {
    match result {
        Err(CallError::Service(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_is_booked_is_dispatched_once_and_told_once() {
    let scene = Scene::new();
    assert_eq!(scene.shipment(7).await, None);
    assert_eq!(scene.book(7, "cup").await, Booked);
    for _ in 0..2 {
        assert_eq!(scene.shipping.dispatch(7).await.unwrap().status, Dispatched);
        assert_eq!(scene.shipment(7).await, Some(Dispatched));
        assert_eq!(scene.book(7, "cup").await, Dispatched, "booking it again changes nothing");
    }
    assert_eq!(scene.told().await, [br#"{"orderId":7}"#]);
    assert_eq!(error(scene.shipping.cancel(7).await), ShippingError::AlreadyDispatched);
}

#[tokio::test]
async fn what_is_refused_was_booked_and_can_be_cancelled() {
    let scene = Scene::new();
    assert_eq!(scene.book(7, "anvil").await, Booked);
    let refused = ShippingError::Refused { sku: "anvil".into() };
    assert_eq!(error(scene.shipping.dispatch(7).await), refused);
    assert_eq!(scene.shipment(7).await, Some(Booked));
    for _ in 0..2 {
        assert_eq!(scene.shipping.cancel(7).await.unwrap().status, Cancelled);
    }
    assert_eq!(scene.shipment(7).await, Some(Cancelled));
    assert_eq!(error(scene.shipping.dispatch(7).await), ShippingError::Cancelled);
    assert!(scene.told().await.is_empty());
}

#[tokio::test]
async fn a_booking_that_comes_after_its_end_is_refused() {
    let scene = Scene::new();
    scene.shipping.cancel(7).await.unwrap();
    let late = scene.shipping.book(7, vec!["tea".into()]).await;
    assert_eq!(error(late), ShippingError::Cancelled);
    assert_eq!(error(scene.shipping.dispatch(8).await), ShippingError::NotBooked);
}
