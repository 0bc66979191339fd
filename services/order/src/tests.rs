//! The actor against fakes of the services that it needs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use payment::{Cents, Charge, Charges, OrderId, Payment, PaymentClient, PaymentError, Receipt};
use quote::{Cents as Price, Line, QuoteClient};
use seam::prelude::*;
use seam::time::Clock;
use shipping::ShippingClient;
use tempfile::TempDir;
use tokio::sync::Semaphore;
use user::{Account, UserClient, UserError, UserId};

use crate::book::{Book, Events};
use crate::contract::{OrderClient, OrderError, Placed, Product, Status};
use crate::service::OrderService;
use crate::turnstile::Turnstile;

/// Says what a test wants it to, when a test lets it.
struct Till {
    open: Arc<Semaphore>,
    says: fn(OrderId, Cents) -> Result<(), PaymentError>,
    receipts: BTreeMap<OrderId, Receipt>,
}

impl Payment for Till {
    async fn charge(&mut self, order: OrderId, amount: Cents) -> Result<Receipt, PaymentError> {
        self.open.acquire().await.map_err(|_| PaymentError::NotPaid)?.forget();
        (self.says)(order, amount)?;
        assert!(!self.receipts.contains_key(&order), "order {order} is charged twice");
        let id = self.receipts.len() as u64 + 1;
        let receipt = Receipt { id, order_id: order, amount_cents: amount };
        self.receipts.insert(order, receipt.clone());
        Ok(receipt)
    }

    async fn receipt(&self, _: OrderId) -> Result<Receipt, PaymentError> {
        Err(PaymentError::NotPaid)
    }

    async fn refund(&mut self, _: OrderId) -> Result<Charge, PaymentError> {
        Err(PaymentError::NotPaid)
    }

    async fn list(&self, _: OrderId) -> Result<Charges, PaymentError> {
        Ok(Charges { payments: Vec::new() })
    }
}

/// Knows Ada, whose id is 1, and is away for whoever has the id 2.
fn user(id: UserId) -> Result<Account, CallError<UserError>> {
    match id {
        1 => Ok(Account { id, name: "Ada".into(), email: "ada@example.com".into() }),
        2 => Err(CallError::NotExecuted(NotExecuted::unavailable("gone"))),
        _ => Err(CallError::Service(UserError::UserNotFound)),
    }
}

/// Half the price for more than 9 of a kind; away for whoever asks for rum.
fn price(lines: &[Line]) -> Result<Vec<Price>, CallError<seam::contracts::Never>> {
    if lines.iter().any(|line| line.sku == "rum") {
        return Err(CallError::NotExecuted(NotExecuted::unavailable("gone")));
    }
    let price = |line: &Line| line.full_price() / if line.quantity > 9 { 2 } else { 1 };
    Ok(lines.iter().map(price).collect())
}

struct Scene {
    orders: OrderClient,
    till: Arc<Semaphore>,
    _folder: TempDir,
}

fn scene(says: fn(OrderId, Cents) -> Result<(), PaymentError>) -> Scene {
    let folder = tempfile::tempdir().unwrap();
    let till = Arc::new(Semaphore::new(0));
    let payments = Till { open: Arc::clone(&till), says, receipts: BTreeMap::new() };
    let store = Store::open(folder.path()).unwrap();
    let service = OrderService {
        book: Book::open(&store, Events::of(&store), OrderClient::fake().into()).unwrap(),
        keys: Turnstile::default(),
        users: UserClient::fake().on_get(async |id| user(id)).into(),
        quotes: QuoteClient::fake().on_price(async |lines| price(&lines)).into(),
        payments: PaymentClient::local(payments),
        shipping: ShippingClient::fake().into(),
        clock: Clock::fast(),
    };
    Scene { orders: OrderClient::local(service), till, _folder: folder }
}

fn tea(quantity: u64) -> Vec<Product> {
    things("tea", quantity)
}

fn things(sku: &str, quantity: u64) -> Vec<Product> {
    vec![Product { sku: sku.into(), quantity, unit_price_cents: 450 }]
}

fn key(text: &str) -> Option<String> {
    Some(text.into())
}

fn service_error(result: Result<Placed, CallError<OrderError>>) -> OrderError {
    match result {
        Err(CallError::Service(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_later_of_two_waits_for_the_first() {
    let Scene { orders, till, _folder } = scene(|_, _| Ok(()));
    let place = || tokio::spawn(orders.place(1, tea(2), key("a")).into_future());
    let (first, later) = (place(), place());
    // Two rights to charge: a second charge would find the first one's receipt, and panic.
    till.add_permits(2);
    let (first, later) = (first.await.unwrap().unwrap(), later.await.unwrap().unwrap());
    assert_eq!(first, later);
    assert_eq!((first.order.id, first.order.status), (1, Status::Paid));
    assert_eq!(till.available_permits(), 1, "one charge");
}

#[tokio::test]
async fn a_total_is_what_the_lines_are_quoted_at() {
    let Scene { orders, till, _folder } = scene(|_, _| Ok(()));
    till.add_permits(2);
    let products = |sku: &str| [tea(10), tea(1), things(sku, 2)].concat();
    let placed = orders.place(1, products("cup"), None).await.unwrap();
    assert_eq!((placed.order.total_cents, placed.payment.amount_cents), (3_600, 3_600));
    let placed = orders.place(1, products("rum"), None).await.unwrap();
    assert_eq!(placed.order.total_cents, 5_850, "nobody can say: it is the full price");
}

#[tokio::test]
async fn who_waits_too_long_is_told_in_time() {
    let Scene { orders, till, _folder } = scene(|_, _| Ok(()));
    let first = tokio::spawn(orders.place(1, tea(2), key("a")).into_future());
    while orders.get(1).await.is_err() {
        tokio::task::yield_now().await;
    }
    let later = orders.place(1, tea(2), key("a")).deadline(ms(50)).await;
    assert!(matches!(
        later,
        Err(CallError::Unknown(_) | CallError::Service(OrderError::InProgress))
    ));
    // Another key isn't held up by this one, only by the till.
    till.add_permits(2);
    assert_eq!(orders.place(1, tea(1), key("b")).await.unwrap().order.id, 2);
    assert_eq!(first.await.unwrap().unwrap().order.id, 1);
}

#[tokio::test]
async fn whatever_payment_fails_with_the_order_stays_pending() {
    for says in
        [(|_, _| Err(PaymentError::NotPaid)) as fn(_, _) -> _, |_, _| panic!("the till is broken")]
    {
        let Scene { orders, till, _folder } = scene(says);
        till.add_permits(1);
        let result = orders.place(1, tea(2), key("a")).await;
        assert_eq!(service_error(result), OrderError::PaymentUnavailable);
        assert_eq!(orders.get(1).await.unwrap().status, Status::Pending);
    }
}

#[tokio::test]
async fn a_charge_that_hangs_ends_at_its_deadline() {
    let Scene { orders, till: _closed, _folder } = scene(|_, _| Ok(()));
    let result = orders.place(1, tea(2), key("a")).deadline(Duration::from_secs(10)).await;
    assert_eq!(service_error(result), OrderError::PaymentUnavailable);
}

#[tokio::test]
async fn another_amount_for_the_same_order_is_no_outage() {
    let Scene { orders, till, _folder } = scene(|_, _| Err(PaymentError::AmountDiffers));
    till.add_permits(1);
    let result = orders.place(1, tea(2), None).await;
    assert_eq!(service_error(result), OrderError::PaymentMismatch);
}

#[tokio::test]
async fn a_user_who_can_not_be_asked_for_is_a_failed_inner_call() {
    let Scene { orders, till: _closed, _folder } = scene(|_, _| Ok(()));
    match orders.place(2, tea(2), key("a")).await {
        Err(CallError::Unknown(Unknown::Inner(inner))) => {
            assert_eq!((&*inner.service, &*inner.method), ("user", "get"));
        }
        other => panic!("{other:?}"),
    }
    let unknown = orders.place(3, tea(2), key("a")).await;
    assert_eq!(service_error(unknown), OrderError::User(UserError::UserNotFound));
    assert!(orders.get(1).await.is_err(), "nothing was written");
}
