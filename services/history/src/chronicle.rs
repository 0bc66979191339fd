//! The table, and how what an event says becomes part of it.
//!
//! Events of one publisher come in their order, those of two in any: an order may be on its way
//! before anybody has heard of it. So a row takes what it is told in any order, and whichever status
//! is the furthest counts.

use order::{Cents, OrderId, UserId};
use seam::prelude::*;
use serde::{Deserialize, Serialize};

use crate::contract::{HistoryError, HistoryPage, HistoryStatus, PastOrder};

/// What became of each order.
#[derive(Debug, Clone)]
pub(crate) struct Chronicle {
    orders: Table<OrderId, Row>,
    by_user: Index<UserId, OrderId, Row>,
}

/// What is known of an order.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct Row {
    /// Nothing as long as only its shipment is heard of. Such an order is on no page.
    placed: Option<Placed>,
    status: HistoryStatus,
}

/// Who has ordered, and for how much.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Placed {
    pub(crate) user_id: UserId,
    pub(crate) total_cents: Cents,
}

impl Chronicle {
    pub(crate) fn open(store: &Store) -> Result<Self, StoreError> {
        let orders: Table<_, Row> = store.table("orders")?;
        let by_user = orders.index_each("by_user", |_, row| row.placed.map(|of| of.user_id))?;
        Ok(Self { orders, by_user })
    }

    /// Notes how far an order got, and whose it is if that is said.
    pub(crate) async fn note(
        &self,
        order: OrderId,
        placed: Option<Placed>,
        status: HistoryStatus,
    ) -> Result<(), HistoryError> {
        let orders = self.orders.clone();
        let note = self.orders.store().transaction(move |tx| {
            let known = tx.get(&orders, &order)?.unwrap_or(Row { placed, status });
            let row = Row { placed: known.placed.or(placed), status: known.status.max(status) };
            tx.insert(&orders, &order, &row)?;
            Ok::<_, HistoryError>(())
        });
        Ok(note.await?)
    }

    /// Up to `limit` orders of a user, from behind `after` on.
    pub(crate) async fn page(
        &self,
        user: UserId,
        limit: usize,
        after: Option<OrderId>,
    ) -> Result<HistoryPage, HistoryError> {
        let after = after.map(|order| (user, order));
        let of_user = Keys::prefix(&user).after(after.as_ref()).take(limit + 1);
        let rows = self.by_user.scan(of_user).await?;
        let more = rows.len() > limit;
        let orders: Vec<_> = rows.into_iter().take(limit).filter_map(past).collect();
        let next = orders.last().filter(|_| more).map(|order| order.id);
        Ok(HistoryPage { orders, next })
    }
}

fn past((id, Row { placed, status }): (OrderId, Row)) -> Option<PastOrder> {
    placed.map(|Placed { total_cents, .. }| PastOrder { id, total_cents, status })
}

#[cfg(test)]
mod tests {
    use super::*;

    use HistoryStatus::{Declined, Paid, Pending, Refunded, Shipped};

    fn chronicle(folder: &tempfile::TempDir) -> Chronicle {
        Chronicle::open(&Store::open(folder.path()).unwrap()).unwrap()
    }

    const ADA: Option<Placed> = Some(Placed { user_id: 1, total_cents: 250 });

    #[tokio::test]
    async fn the_furthest_status_counts_in_whatever_order_it_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let chronicle = chronicle(&folder);
        let told = [
            (vec![(ADA, Pending), (ADA, Paid), (None, Shipped)], Shipped),
            (vec![(None, Shipped), (ADA, Pending), (ADA, Paid)], Shipped),
            (vec![(ADA, Pending), (None, Shipped), (ADA, Paid)], Shipped),
            (vec![(ADA, Pending), (ADA, Paid), (ADA, Refunded), (ADA, Paid)], Refunded),
            (vec![(ADA, Pending), (ADA, Declined)], Declined),
            (vec![(ADA, Pending)], Pending),
        ];
        for (id, (events, end)) in (1..).zip(told) {
            for (placed, status) in events {
                chronicle.note(id, placed, status).await.unwrap();
            }
            let page = chronicle.page(1, 1, Some(id - 1)).await.unwrap();
            assert_eq!(page.orders, [PastOrder { id, total_cents: 250, status: end }]);
        }
    }

    #[tokio::test]
    async fn whose_order_nobody_knows_is_on_no_page() {
        let folder = tempfile::tempdir().unwrap();
        let chronicle = chronicle(&folder);
        chronicle.note(7, None, Shipped).await.unwrap();
        for user in [0, 1] {
            let page = chronicle.page(user, 10, None).await.unwrap();
            assert_eq!(page, HistoryPage { orders: Vec::new(), next: None });
        }
        chronicle.note(7, ADA, Pending).await.unwrap();
        assert_eq!(chronicle.page(1, 10, None).await.unwrap().orders[0].status, Shipped);
    }

    #[tokio::test]
    async fn pages_are_of_one_user_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let chronicle = chronicle(&folder);
        for (id, user_id) in (1..).zip([1, 2, 1, 1]) {
            let placed = Some(Placed { user_id, total_cents: 5 });
            chronicle.note(id, placed, Pending).await.unwrap();
        }
        let ids = |page: &HistoryPage| page.orders.iter().map(|o| o.id).collect::<Vec<_>>();
        let first = chronicle.page(1, 2, None).await.unwrap();
        assert_eq!((ids(&first), first.next), (vec![1, 3], Some(3)));
        let second = chronicle.page(1, 2, first.next).await.unwrap();
        assert_eq!((ids(&second), second.next), (vec![4], None));
        assert_eq!(
            chronicle.page(1, 3, None).await.unwrap().next,
            None,
            "no empty page at the end"
        );
    }
}
