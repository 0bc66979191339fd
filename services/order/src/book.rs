//! The tables, and the transactions over them. What is written here is on disk before it is told.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use payment::{OrderId, Receipt};
use seam::prelude::*;
use serde::{Deserialize, Serialize};
use user::UserId;

use crate::contract::{OrderClient, OrderError, OrderPage, Product, Purchase, Status};
use crate::events::{OrderCreated, OrderDeclined, OrderPaid, OrderRefunded};

/// How long a key's final answer is kept.
const KEPT: Duration = Duration::from_hours(24);
/// Every final answer takes up to so many expired keys away: more than one, so that a backlog
/// shrinks, and few, so that nobody waits for it.
const EXPIRED_AT_ONCE: usize = 4;

/// Milliseconds since 1970, by the system's clock: it must hold across restarts.
pub(crate) type Time = u64;

/// All that the service knows.
#[derive(Debug, Clone)]
pub(crate) struct Book {
    orders: Table<OrderId, Row>,
    by_user: Index<UserId, OrderId, Row>,
    /// The order of an idempotency key, whose body is the one that came with the key.
    keys: Table<String, OrderId>,
    /// When which key got its final answer. Keys of pending orders aren't in it, so they stay.
    answered: Table<(Time, String), ()>,
    events: Events,
    /// The service itself: what is paid for is fulfilled.
    me: OrderClient,
}

/// What is told of orders, each in the transaction that writes it down.
#[derive(Debug, Clone)]
pub(crate) struct Events {
    pub(crate) created: Topic<OrderCreated>,
    pub(crate) paid: Topic<OrderPaid>,
    pub(crate) declined: Topic<OrderDeclined>,
    pub(crate) refunded: Topic<OrderRefunded>,
}

/// An order with all that its answer is made of, so that a repeat gets the first one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) order: Purchase,
    pub(crate) end: Option<End>,
}

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum End {
    Paid(Receipt),
    /// With the id of the request that was told so first.
    Declined(String),
}

impl Book {
    pub(crate) fn open(store: &Store, events: Events, me: OrderClient) -> Result<Self, StoreError> {
        let orders: Table<_, Row> = store.table("orders")?;
        Ok(Self {
            by_user: orders.index("by_user", |_, row| row.order.user_id)?,
            orders,
            keys: store.table("idempotency_keys")?,
            answered: store.table("idempotency_keys_by_time")?,
            events,
            me,
        })
    }

    /// The order that came with this key.
    pub(crate) async fn of_key(&self, key: &String) -> Result<Option<Row>, OrderError> {
        let Some(id) = self.keys.get(key).await? else { return Ok(None) };
        Ok(self.orders.get(&id).await?)
    }

    /// Writes a new order down as pending, before anybody is charged; or gets the order that has
    /// come with this key meanwhile.
    pub(crate) async fn begin(
        &self,
        user_id: UserId,
        products: Vec<Product>,
        total_cents: u64,
        key: Option<String>,
    ) -> Result<Row, OrderError> {
        let book = self.clone();
        let begin = self.orders.store().transaction(move |tx| {
            if let Some(key) = &key
                && let Some(id) = tx.get(&book.keys, key)?
                && let Some(row) = tx.get(&book.orders, &id)?
            {
                return Ok(row);
            }
            let id = tx.next_id(&book.orders)?;
            let order = Purchase { id, user_id, products, total_cents, status: Status::Pending };
            let row = Row { order, end: None };
            tx.insert(&book.orders, &id, &row)?;
            if let Some(key) = &key {
                tx.insert(&book.keys, key, &id)?;
            }
            let created = OrderCreated { order_id: id, user_id, total_cents };
            tx.publish(&book.events.created, &created)?;
            Ok::<_, OrderError>(row)
        });
        Ok(begin.await?)
    }

    /// Writes down how an order ended, and starts the time of its key. The first end is final: who
    /// comes later gets that one.
    pub(crate) async fn end(
        &self,
        order: Purchase,
        end: End,
        key: Option<String>,
        now: Time,
    ) -> Result<Row, OrderError> {
        let book = self.clone();
        let finish = self.orders.store().transaction(move |tx| {
            if let Some(row) = tx.get(&book.orders, &order.id)?
                && row.end.is_some()
            {
                return Ok(row);
            }
            let (order_id, user_id, total_cents) = (order.id, order.user_id, order.total_cents);
            let status = match end {
                End::Paid(_) => {
                    let paid = OrderPaid { order_id, user_id, total_cents };
                    tx.publish(&book.events.paid, &paid)?;
                    tx.send(book.me.fulfil(order_id).enqueue(format!("order-{order_id}")))?;
                    Status::Paid
                }
                End::Declined(_) => {
                    let declined = OrderDeclined { order_id, user_id, total_cents };
                    tx.publish(&book.events.declined, &declined)?;
                    Status::Declined
                }
            };
            let row = Row { order: Purchase { status, ..order }, end: Some(end) };
            tx.insert(&book.orders, &row.order.id, &row)?;
            if let Some(key) = key {
                tx.insert(&book.answered, &(now, key), &())?;
                book.expire(tx, now)?;
            }
            Ok::<_, OrderError>(row)
        });
        Ok(finish.await?)
    }

    /// Writes down, once, that the money for an order went back. What it ended with stays: a repeat gets
    /// that.
    pub(crate) fn refunded(&self, tx: &mut Transaction, order: OrderId) -> Result<(), StoreError> {
        let Some(mut row) = tx.get(&self.orders, &order)? else { return Ok(()) };
        if row.order.status == Status::Refunded {
            return Ok(());
        }
        row.order.status = Status::Refunded;
        tx.insert(&self.orders, &order, &row)?;
        let Purchase { id: order_id, user_id, total_cents, .. } = row.order;
        tx.publish(&self.events.refunded, &OrderRefunded { order_id, user_id, total_cents })
    }

    fn expire(&self, tx: &mut Transaction, now: Time) -> Result<(), StoreError> {
        let kept = u64::try_from(KEPT.as_millis()).unwrap_or(u64::MAX);
        let oldest = tx.scan(&self.answered, Keys::all().take(EXPIRED_AT_ONCE))?;
        for (entry, ()) in oldest {
            if now.saturating_sub(entry.0) <= kept {
                break;
            }
            tx.remove(&self.keys, &entry.1)?;
            tx.remove(&self.answered, &entry)?;
        }
        Ok(())
    }

    pub(crate) async fn get(&self, id: OrderId) -> Result<Purchase, OrderError> {
        let row = self.orders.get(&id).await?;
        row.map(|row| row.order).ok_or(OrderError::OrderNotFound)
    }

    /// An order that was paid for, whatever became of it since.
    pub(crate) async fn paid(&self, id: OrderId) -> Result<Purchase, OrderError> {
        match self.orders.get(&id).await?.ok_or(OrderError::OrderNotFound)? {
            Row { order, end: Some(End::Paid(_)) } => Ok(order),
            _ => Err(OrderError::NotPaid),
        }
    }

    /// Up to `limit` orders of a user, from behind `after` on.
    pub(crate) async fn page(
        &self,
        user: UserId,
        limit: usize,
        after: Option<OrderId>,
    ) -> Result<OrderPage, OrderError> {
        let after = after.map(|order| (user, order));
        let of_user = Keys::prefix(&user).after(after.as_ref()).take(limit + 1);
        let rows = self.by_user.scan(of_user).await?;
        let more = rows.len() > limit;
        let orders: Vec<_> = rows.into_iter().take(limit).map(|(_, row)| row.order).collect();
        let next = orders.last().filter(|_| more).map(|order| order.id);
        Ok(OrderPage { orders, next })
    }
}

#[cfg(test)]
impl Events {
    /// Of a store that no unit moves them out of.
    pub(crate) fn of(store: &Store) -> Self {
        seam_bus::Commands::open(store).unwrap();
        let outbox = seam_bus::Outbox::open(store).unwrap();
        Self {
            created: Topic::new(outbox.clone()),
            paid: Topic::new(outbox.clone()),
            declined: Topic::new(outbox.clone()),
            refunded: Topic::new(outbox),
        }
    }
}

pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Time = 24 * 60 * 60 * 1000;

    fn key(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    fn paid(order: &Purchase) -> End {
        End::Paid(Receipt { id: 1, order_id: order.id, amount_cents: order.total_cents })
    }

    async fn begin(book: &Book, text: &str) -> Row {
        let product = Product { sku: "tea".into(), quantity: 1, unit_price_cents: 5 };
        book.begin(1, vec![product], 5, key(text)).await.unwrap()
    }

    async fn finish(book: &Book, text: &str, now: Time) {
        let row = begin(book, text).await;
        let end = paid(&row.order);
        book.end(row.order, end, key(text), now).await.unwrap();
    }

    async fn knows(book: &Book, text: &str) -> bool {
        book.of_key(&text.to_owned()).await.unwrap().is_some()
    }

    fn book(folder: &tempfile::TempDir) -> Book {
        let store = Store::open(folder.path()).unwrap();
        Book::open(&store, Events::of(&store), OrderClient::fake().into()).unwrap()
    }

    #[tokio::test]
    async fn a_refund_leaves_the_first_end_to_those_who_repeat() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(&folder);
        finish(&book, "a", 1).await;
        let paid = book.of_key(&"a".to_owned()).await.unwrap().unwrap();
        for _ in 0..2 {
            let own = book.clone();
            let refund = book.orders.store().transaction(move |tx| own.refunded(tx, 1));
            refund.await.unwrap();
        }
        assert_eq!(book.get(1).await.unwrap().status, Status::Refunded);
        let kept = book.of_key(&"a".to_owned()).await.unwrap().unwrap();
        assert_eq!(kept.end, paid.end);
    }

    #[tokio::test]
    async fn the_first_end_is_final() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(&folder);
        let row = begin(&book, "a").await;
        assert_eq!(begin(&book, "a").await, row, "the key has its order");
        let end = paid(&row.order);
        let first = book.end(row.order.clone(), end, key("a"), 1).await.unwrap();
        assert_eq!(first.order.status, Status::Paid);
        let late = End::Declined("late".into());
        assert_eq!(book.end(row.order, late, key("a"), 2).await.unwrap(), first);
        assert_eq!(book.of_key(&"a".to_owned()).await.unwrap(), Some(first));
    }

    #[tokio::test]
    async fn a_key_is_kept_for_a_day_after_its_answer_and_while_pending() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(&folder);
        begin(&book, "pending").await;
        for text in ["1", "2", "3", "4", "5", "6"] {
            finish(&book, text, 1000).await;
        }
        finish(&book, "young", 1000 + DAY).await;
        assert!(knows(&book, "1").await, "a day isn't over");
        finish(&book, "late", 1001 + DAY).await;
        assert!(!knows(&book, "4").await && knows(&book, "5").await, "a few at a time");
        finish(&book, "later", 1001 + DAY).await;
        assert!(!knows(&book, "6").await && knows(&book, "young").await);
        assert!(knows(&book, "pending").await);
        assert_eq!(book.get(1).await.unwrap().status, Status::Pending);
        assert_eq!(book.get(2).await.unwrap().status, Status::Paid, "orders stay");
    }

    #[tokio::test]
    async fn pages_are_of_one_user_and_end() {
        let folder = tempfile::tempdir().unwrap();
        let book = book(&folder);
        for user in [1, 2, 1, 1] {
            book.begin(user, Vec::new(), 5, None).await.unwrap();
        }
        let ids = |page: &OrderPage| page.orders.iter().map(|o| o.id).collect::<Vec<_>>();
        let first = book.page(1, 2, None).await.unwrap();
        assert_eq!((ids(&first), first.next), (vec![1, 3], Some(3)));
        let second = book.page(1, 2, first.next).await.unwrap();
        assert_eq!((ids(&second), second.next), (vec![4], None));
        let all = book.page(1, 3, None).await.unwrap();
        assert_eq!(all.next, None, "no empty page at the end");
    }
}
