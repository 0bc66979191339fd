//! The actor: who is asked for what, and when what is written.

use std::time::Duration;

use payment::{OrderId, PaymentClient, PaymentError};
use quote::{Line, QuoteClient};
use seam::Principal;
use seam::context;
use seam::prelude::*;
use seam::time::{Clock, Moment};
use shipping::ShippingClient;
use user::{UserClient, UserId};

use crate::basket;
use crate::book::{self, Book, End, Events, Row};
use crate::contract::{
    Order, OrderContract, OrderError, OrderPage, Placed, Product, Purchase, Status,
};
use crate::events::{OrderDeclined, OrderPaid};
use crate::turnstile::Turnstile;

/// The orders of a page, where nobody says.
const PAGE: u32 = 20;
/// The most orders of a page.
const LARGEST_PAGE: u32 = 100;

/// Takes orders.
#[derive(Debug)]
pub struct OrderService {
    pub(crate) book: Book,
    pub(crate) keys: Turnstile,
    pub(crate) users: UserClient,
    pub(crate) quotes: QuoteClient,
    pub(crate) payments: PaymentClient,
    pub(crate) shipping: ShippingClient,
    pub(crate) clock: Clock,
}

impl Actor for OrderService {
    type Contract = OrderContract;
    type Config = ();
    type Needs = (UserClient, QuoteClient, PaymentClient, ShippingClient);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let events = Events {
            created: setup.topic()?,
            paid: setup.topic()?,
            declined: setup.topic()?,
            refunded: setup.topic()?,
        };
        Ok(Self {
            book: Book::open(&setup.store()?, events, setup.own_client()?)?,
            keys: Turnstile::default(),
            users: setup.client()?,
            quotes: setup.client()?,
            payments: setup.client()?,
            shipping: setup.client()?,
            clock: setup.clock().clone(),
        })
    }
}

impl Order for OrderService {
    async fn place(
        &self,
        user_id: UserId,
        products: Vec<Product>,
        key: Option<String>,
    ) -> Result<Placed, OrderError> {
        let lines = basket::lines(&products)?;
        let Some(key) = key else {
            let row = self.begin(user_id, products, lines, None).await?;
            return self.settle(row, None).await;
        };
        basket::check_key(&key)?;
        let _pass = self.keys.pass(&key, self.remaining()).await.ok_or(OrderError::InProgress)?;
        let row = match self.book.of_key(&key).await? {
            Some(row) => row,
            None => self.begin(user_id, products.clone(), lines, Some(key.clone())).await?,
        };
        if row.order.user_id != user_id || row.order.products != products {
            return Err(OrderError::IdempotencyKeyReused);
        }
        self.settle(row, Some(key)).await
    }

    async fn get(&self, id: OrderId) -> Result<Purchase, OrderError> {
        let order = self.book.get(id).await?;
        if seam::principal().is_none_or(|who| may_see(&who, &order)) {
            return Ok(order);
        }
        // Whether there is such an order is nobody else's business.
        Err(OrderError::OrderNotFound)
    }

    async fn list(
        &self,
        user_id: UserId,
        limit: Option<u32>,
        after: Option<OrderId>,
    ) -> Result<OrderPage, OrderError> {
        let limit = limit.unwrap_or(PAGE);
        if !(1..=LARGEST_PAGE).contains(&limit) {
            return Err(OrderError::InvalidLimit);
        }
        self.book.page(user_id, limit as usize, after).await
    }

    async fn fulfil(&self, order: OrderId) -> Result<(), OrderError> {
        let purchase = self.book.paid(order).await?;
        let skus = purchase.products.into_iter().map(|product| product.sku).collect();
        let saga = seam::saga();
        // Undone last first: an order is refunded once its money has gone back.
        let book = self.book.clone();
        saga.undo_here(move |tx| book.refunded(tx, order));
        saga.undo(self.payments.refund(order));
        saga.step(self.shipping.book(order, skus), self.shipping.cancel(order)).await?;
        saga.once(self.shipping.dispatch(order)).await?;
        // It stays paid.
        saga.commit(|_| Ok(())).await
    }
}

impl OrderService {
    /// Writes a new order down, at the prices that hold now: whoever takes it up again pays these.
    async fn begin(
        &self,
        user_id: UserId,
        products: Vec<Product>,
        lines: Vec<Line>,
        key: Option<String>,
    ) -> Result<Row, OrderError> {
        self.users.get(user_id).await?;
        let total = basket::total(&self.quotes.price(lines).await?)?;
        self.book.begin(user_id, products, total, key).await
    }

    /// Brings an order to its end, and answers with that. Charging is once per order however often
    /// this runs, so an order that was left pending, by whatever, is simply charged again.
    async fn settle(&self, row: Row, key: Option<String>) -> Result<Placed, OrderError> {
        let row = match row.end {
            Some(_) => row,
            None => {
                let end = self.charge(&row.order).await?;
                let row = self.book.end(row.order, end, key, book::now()).await?;
                tell(&row);
                row
            }
        };
        let Row { order, end } = row;
        match end {
            // As it was told first, whatever became of it since.
            Some(End::Paid(payment)) => {
                Ok(Placed { order: Purchase { status: Status::Paid, ..order }, payment })
            }
            Some(End::Declined(first_request_id)) => {
                Err(OrderError::Declined { order, first_request_id })
            }
            None => Err(OrderError::PaymentUnavailable),
        }
    }

    async fn charge(&self, order: &Purchase) -> Result<End, OrderError> {
        match self.payments.charge(order.id, order.total_cents).await {
            Ok(receipt) => Ok(End::Paid(receipt)),
            Err(CallError::Service(PaymentError::Declined)) => Ok(End::Declined(request_id())),
            Err(CallError::Service(PaymentError::AmountDiffers)) => {
                Err(OrderError::PaymentMismatch)
            }
            Err(error) => {
                tracing::warn!(order = order.id, %error, "not charged: the order stays pending");
                Err(OrderError::PaymentUnavailable)
            }
        }
    }

    /// How long the caller still waits.
    fn remaining(&self) -> Duration {
        let deadline = context::current().map_or(Moment::NEVER, |context| context.deadline);
        deadline.since(self.clock.now())
    }
}

/// Tells a user who is connected what became of an order: whoever isn't sees it as the order is looked
/// at.
fn tell(Row { order, end }: &Row) {
    let (order_id, user_id, total_cents) = (order.id, order.user_id, order.total_cents);
    let told = match end {
        Some(End::Paid(_)) => seam::push(user_id, &OrderPaid { order_id, user_id, total_cents }),
        Some(End::Declined(_)) => {
            seam::push(user_id, &OrderDeclined { order_id, user_id, total_cents })
        }
        None => Ok(()),
    };
    if let Err(error) = told {
        tracing::debug!(order = order_id, %error, "nobody is told");
    }
}

/// Whether an order is for someone's eyes.
fn may_see(who: &Principal, order: &Purchase) -> bool {
    who.subject == order.user_id.to_string() || who.has_role("support")
}

/// The id by which the edge and the logs know the request.
fn request_id() -> String {
    context::current().map_or_else(String::new, |context| context.trace.trace.to_string())
}
