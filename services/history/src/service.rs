//! The actor: which event says what, and the pages.

use order::{OrderCreated, OrderDeclined, OrderId, OrderPaid, OrderRefunded, UserId};
use seam::prelude::*;
use shipping::ShippingDispatched;

use crate::chronicle::{Chronicle, Placed};
use crate::contract::{History, HistoryContract, HistoryError, HistoryPage, HistoryStatus};

/// The orders of a page, where nobody says.
const PAGE: u32 = 20;
/// The most orders of a page.
const LARGEST_PAGE: u32 = 100;

/// Remembers what became of orders.
#[derive(Debug)]
pub struct HistoryService {
    chronicle: Chronicle,
}

impl Actor for HistoryService {
    type Contract = HistoryContract;
    type Config = ();
    /// Whom it would ask may be away: it has heard all that it tells.
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { chronicle: Chronicle::open(&setup.store()?)? })
    }
}

impl History for HistoryService {
    async fn list(
        &self,
        user_id: UserId,
        limit: Option<u32>,
        after: Option<OrderId>,
    ) -> Result<HistoryPage, HistoryError> {
        let limit = limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(HistoryError::InvalidLimit);
        }
        self.chronicle.page(user_id, limit as usize, after).await
    }

    async fn order_created(&self, event: OrderCreated) -> Result<(), HistoryError> {
        let OrderCreated { order_id, user_id, total_cents } = event;
        let placed = Placed { user_id, total_cents };
        self.chronicle.note(order_id, Some(placed), HistoryStatus::Pending).await
    }

    async fn order_paid(&self, event: OrderPaid) -> Result<(), HistoryError> {
        let OrderPaid { order_id, user_id, total_cents } = event;
        let placed = Placed { user_id, total_cents };
        self.chronicle.note(order_id, Some(placed), HistoryStatus::Paid).await
    }

    async fn order_declined(&self, event: OrderDeclined) -> Result<(), HistoryError> {
        let OrderDeclined { order_id, user_id, total_cents } = event;
        let placed = Placed { user_id, total_cents };
        self.chronicle.note(order_id, Some(placed), HistoryStatus::Declined).await
    }

    async fn order_refunded(&self, event: OrderRefunded) -> Result<(), HistoryError> {
        let OrderRefunded { order_id, user_id, total_cents } = event;
        let placed = Placed { user_id, total_cents };
        self.chronicle.note(order_id, Some(placed), HistoryStatus::Refunded).await
    }

    async fn shipping_dispatched(&self, event: ShippingDispatched) -> Result<(), HistoryError> {
        self.chronicle.note(event.order_id, None, HistoryStatus::Shipped).await
    }
}
