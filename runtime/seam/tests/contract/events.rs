//! Events: how they are kept, what contracts say of them, and how they begin a turn.

use std::sync::Arc;

use parking_lot::Mutex;
use seam::event::{Event, EventError, MAX_EVENT, PublishedBy};
use seam::prelude::*;
use seam_core::call::{AnyClient, CallOptions, Client};
use seam_core::contract::{Contract, ContractDescriptor, SubscriptionDescriptor};
use serde_json::{Value, json};

#[seam::message]
#[derive(Copy, Eq, Hash)]
struct OrderId(u64);

/// The money for an order is there.
#[seam::event(topic = "order.paid", version = 1, key = order_id)]
struct OrderPaid {
    order_id: OrderId,
    total_cents: u64,
    note: Option<String>,
    by: Option<Payer>,
}

#[seam::message]
struct Payer {
    name: String,
    since: Option<u32>,
}

/// An older release's, and a later one's: the same topic and version, with a field less or more.
mod other_releases {
    use super::OrderId;

    #[seam::event(topic = "order.paid", key = order_id)]
    pub(super) struct Older {
        pub(super) order_id: OrderId,
        pub(super) total_cents: u64,
    }

    #[seam::event(topic = "order.paid", key = order_id)]
    pub(super) struct Later {
        pub(super) order_id: OrderId,
        pub(super) total_cents: u64,
        pub(super) note: Option<String>,
        pub(super) by: Option<LaterPayer>,
        pub(super) coupon: Option<String>,
    }

    #[seam::message]
    pub(super) struct LaterPayer {
        pub(super) name: String,
        pub(super) since: Option<u32>,
        pub(super) points: Vec<u64>,
    }
}

#[seam::event(topic = "order.paid", version = 2, key = place)]
#[serde(rename_all = "snake_case")]
struct OrderPaidInShop {
    #[serde(rename = "where")]
    place: String,
}

#[seam::contract(name = "order", version = "1.0", events(OrderPaid, self::OrderPaidInShop))]
trait Order {
    async fn count(&self) -> u64;
}

#[seam::error]
enum MailError {
    #[error(status = 503)]
    Down,
}

#[seam::contract(name = "mail", version = "1.0")]
trait Mail {
    async fn sent(&self) -> u64;
    #[call(on, deadline = "2s", idempotent)]
    async fn order_paid(&mut self, event: OrderPaid) -> Result<(), MailError>;
    #[call(on, complete)]
    async fn paid_in_shop(&self, paid: OrderPaidInShop);
}

fn paid() -> OrderPaid {
    OrderPaid { order_id: OrderId(7), total_cents: 250, note: None, by: None }
}

fn kept(event: &impl Event) -> Value {
    serde_json::from_slice(&event.to_kept().unwrap()).unwrap()
}

#[test]
fn an_event_is_kept_by_the_names_of_its_fields() {
    assert_eq!(kept(&paid()), json!({"orderId": 7, "totalCents": 250, "note": null, "by": null}));
    assert_eq!(OrderPaid::from_kept(&paid().to_kept().unwrap()), Ok(paid()));
    assert_eq!(
        (OrderPaid::TOPIC, OrderPaid::VERSION, OrderPaid::KEY),
        ("order.paid", 1, "orderId")
    );
    assert_eq!(paid().key(), "7");
    let in_shop = OrderPaidInShop { place: "the \"corner\"".into() };
    assert_eq!(kept(&in_shop), json!({"where": "the \"corner\""}));
    assert_eq!((OrderPaidInShop::KEY, OrderPaidInShop::VERSION), ("where", 2));
    assert_eq!(in_shop.key(), "the \"corner\"");
}

#[test]
fn an_older_event_lacks_what_is_optional() {
    let older = other_releases::Older { order_id: OrderId(7), total_cents: 250 };
    assert_eq!(OrderPaid::from_kept(&older.to_kept().unwrap()), Ok(paid()));
}

#[test]
fn what_a_later_release_added_is_passed_over_at_every_depth() {
    use other_releases::{Later, LaterPayer};
    let by = LaterPayer { name: "Ada".into(), since: Some(1843), points: vec![1, 2] };
    let later = Later {
        order_id: OrderId(7),
        total_cents: 250,
        note: Some("thanks".into()),
        by: Some(by),
        coupon: Some("spring".into()),
    };
    let read = OrderPaid::from_kept(&later.to_kept().unwrap()).unwrap();
    let by = Some(Payer { name: "Ada".into(), since: Some(1843) });
    assert_eq!(read, OrderPaid { note: Some("thanks".into()), by, ..paid() });
}

#[test]
fn an_event_over_64_kib_is_refused_in_both_directions() {
    let large = OrderPaid { note: Some("x".repeat(MAX_EVENT)), ..paid() };
    let error = large.to_kept().unwrap_err();
    assert!(matches!(error, EventError::TooLarge(size) if size > 65_536), "{error:?}");
    assert_eq!(error.code(), "too_large");
    let bytes = serde_json::to_vec(&large).unwrap();
    assert_eq!(OrderPaid::from_kept(&bytes), Err(EventError::TooLarge(bytes.len())));
    let rest = kept(&OrderPaid { note: Some(String::new()), ..paid() }).to_string().len();
    let fits = OrderPaid { note: Some("x".repeat(MAX_EVENT - rest)), ..paid() };
    assert_eq!(fits.to_kept().unwrap().len(), MAX_EVENT);
}

#[test]
fn what_is_missing_and_what_is_no_json_is_told() {
    for (bytes, said) in [
        (br#"{"orderId": 7}"#.as_slice(), "totalCents"),
        (br#"{"orderId": "seven", "totalCents": 1}"#, "seven"),
        (b"\xff\xfe", "no such event"),
        (b"", "no such event"),
    ] {
        let error = OrderPaid::from_kept(bytes).unwrap_err();
        assert_eq!(error.code(), "malformed");
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn a_contract_lists_its_events() {
    fn publishes<C, E: PublishedBy<C>>() {}
    publishes::<OrderContract, OrderPaid>();
    publishes::<OrderContract, OrderPaidInShop>();
    let events = &OrderContract::descriptor().events;
    let told: Vec<_> = events.iter().map(|e| (&*e.topic, e.version, &*e.key, &*e.doc)).collect();
    let expected = [
        ("order.paid", 1, "orderId", "The money for an order is there."),
        ("order.paid", 2, "where", ""),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[0].schema["required"], json!(["orderId", "totalCents"]));
    assert!(events[1].schema["properties"]["where"].is_object());
    assert_eq!(MailContract::descriptor().events, []);
}

#[test]
fn a_method_says_what_it_subscribes_to() {
    let mail = MailContract::descriptor();
    let on = |name: &str| mail.method(name).unwrap().on.clone();
    let paid = |version| Some(SubscriptionDescriptor { topic: "order.paid".into(), version });
    assert_eq!((on("sent"), on("order_paid"), on("paid_in_shop")), (None, paid(1), paid(2)));
    let mut value = serde_json::to_value(mail).unwrap();
    assert_eq!(value["methods"][1]["on"], json!({"topic": "order.paid", "version": 1}));
    assert_eq!(serde_json::from_value::<ContractDescriptor>(value.clone()).unwrap(), *mail);
    value.as_object_mut().unwrap().remove("events");
    for method in value["methods"].as_array_mut().unwrap() {
        method.as_object_mut().unwrap().retain(|name, _| name != "on" && name != "schedule");
    }
    let older = serde_json::from_value::<ContractDescriptor>(value).unwrap();
    assert!(older.methods.iter().all(|method| method.on.is_none()));
}

/// What mail has handled.
#[derive(Clone, Default)]
struct Handled(Arc<Mutex<Vec<OrderPaid>>>);

impl Mail for Handled {
    async fn sent(&self) -> u64 {
        self.0.lock().len() as u64
    }

    async fn order_paid(&mut self, event: OrderPaid) -> Result<(), MailError> {
        if event.total_cents == 0 {
            return Err(MailError::Down);
        }
        self.0.lock().push(event);
        Ok(())
    }

    async fn paid_in_shop(&self, _: OrderPaidInShop) {}
}

#[tokio::test]
async fn a_kept_event_begins_its_methods_turn() {
    let handled = Handled::default();
    let mail = Client::<MailContract>::local(handled.clone()).unwrap();
    let deliver = |event: &str| mail.deliver(1, event.as_bytes(), CallOptions::default());
    let answer = deliver(r#"{"orderId": 7, "totalCents": 250, "coupon": "spring"}"#).await;
    assert_eq!(answer.unwrap().into_json(), b"null");
    assert_eq!(*handled.0.lock(), [paid()]);
    let error = deliver(r#"{"orderId": 8, "totalCents": 0}"#).await.unwrap_err();
    let CallError::Service(failure) = error else { panic!("{error}") };
    assert_eq!((failure.code.as_str(), failure.status), ("down", 503));
    let error = deliver(r#"{"orderId": 9}"#).await.unwrap_err();
    assert!(error.not_executed() && error.to_string().contains("totalCents"), "{error}");
    let error = deliver(&"x".repeat(MAX_EVENT + 1)).await.unwrap_err();
    assert!(error.not_executed() && error.to_string().contains("65537 bytes"), "{error}");
    let in_shop = mail.deliver(2, br#"{"where": "here"}"#, CallOptions::default());
    assert_eq!(in_shop.await.unwrap().into_json(), b"null");
    for no_subscription in [0, 3] {
        let error = mail.deliver(no_subscription, b"{}", CallOptions::default()).await.unwrap_err();
        assert!(error.not_executed() && error.to_string().contains("no event"), "{error}");
    }
    assert_eq!(handled.0.lock().len(), 1);
}

#[tokio::test]
async fn a_subscription_is_a_method_like_any_other() {
    let mail = MailClient::local(Handled::default());
    assert_eq!(mail.order_paid(paid()).await, Ok(()));
    assert_eq!(mail.sent().await, Ok(1));
    let fake = MailClient::fake().on_order_paid(async |_| Err(CallError::Service(MailError::Down)));
    let down = fake.client().order_paid(paid()).await;
    assert_eq!(down, Err(CallError::Service(MailError::Down)));
    // In JSON, as by `call`, names are read to the letter: they were written by hand.
    let mail = Client::<MailContract>::local(Handled::default()).unwrap();
    let call = |json: &str| mail.call_json(1, json.as_bytes(), CallOptions::default());
    assert!(call(r#"{"event": {"orderId": 7, "totalCents": 250}}"#).await.is_ok());
    let error = call(r#"{"event": {"orderId": 7, "totalCents": 250, "coupon": ""}}"#).await;
    assert!(error.unwrap_err().to_string().contains("`event.coupon`"));
}
