//! What `#[call(fallback = …)]` and `#[call(route_by = "…")]` make of a method.

use std::sync::Arc;

use parking_lot::Mutex;
use seam::prelude::*;
use seam_core::call::{Client, Deadlines, Route, Target};
use seam_core::codec::route_key;
use seam_core::contract::Contract;
use seam_core::name::ServiceId;
use seam_core::remote::{Caller, Outbound, Remote, Replies, Sent};
use seam_core::time::Clock;

#[seam::error]
enum StallError {
    /// There is no such thing.
    Nothing,
}

/// What things cost at the stall.
#[seam::contract(name = "stall", version = "1.0")]
trait Stall {
    #[call(idempotent, fallback = prices::full)]
    async fn price(&self, skus: Vec<String>, each: u64) -> Result<u64, StallError>;
    #[call(fallback = closed)]
    async fn is_open(&self) -> bool;
    #[call(route_by = "order_id")]
    async fn pack(&mut self, order_id: u64, note: String) -> u64;
}

mod prices {
    pub(super) fn full(skus: &[String], each: &u64) -> u64 {
        skus.len() as u64 * each
    }
}

fn closed() -> bool {
    false
}

struct Keeper;

impl Stall for Keeper {
    async fn price(&self, skus: Vec<String>, _: u64) -> Result<u64, StallError> {
        if skus.is_empty() {
            return Err(StallError::Nothing);
        }
        panic!("the stall has burnt down")
    }

    async fn is_open(&self) -> bool {
        true
    }

    async fn pack(&mut self, order_id: u64, _: String) -> u64 {
        order_id
    }
}

/// Nobody, who notes by what calls are routed.
#[derive(Default)]
struct Nobody(Mutex<Vec<Option<u64>>>);

impl Replies for Nobody {}

impl Remote for Nobody {
    fn send(&self, call: Outbound<'_>) -> Sent {
        self.0.lock().push(call.key);
        Sent::Nowhere("nobody is there".into())
    }
}

fn nobody() -> (Arc<Nobody>, StallClient) {
    let remote = Arc::new(Nobody::default());
    let route = Route::new(ServiceId::of("stall").unwrap(), Deadlines::default(), Clock::fast());
    route.set(Target::Remote(remote.clone()));
    let client = Client::<StallContract>::new(Arc::new(route), Caller::Program);
    (remote, client.into())
}

fn skus() -> Vec<String> {
    vec!["tea".into(), "cup".into()]
}

#[test]
fn a_descriptor_tells_both() {
    let stall = StallContract::descriptor();
    let told = |name: &str| {
        let method = stall.method(name).unwrap();
        (method.fallback, method.route_by.as_deref())
    };
    assert_eq!(told("price"), (true, None));
    assert_eq!(told("is_open"), (true, None));
    assert_eq!(told("pack"), (false, Some("orderId")));
}

#[tokio::test]
async fn a_methods_fallback_answers_where_nobody_can() {
    let (_, stall) = nobody();
    assert_eq!(stall.price(skus(), 5).await, Ok(10));
    assert_eq!(stall.is_open().await, Ok(false));
    let own = stall.price(skus(), 5).fallback(|_| 7).await;
    assert_eq!(own, Ok(7), "what stands at the call comes first");
    assert!(stall.pack(7, String::new()).await.unwrap_err().not_executed());
}

#[tokio::test]
async fn it_has_a_copy_of_what_went_into_a_turn() {
    let stall = StallClient::local(Keeper);
    assert_eq!(stall.price(skus(), 5).await, Ok(10), "the handler panicked");
    let nothing = stall.price(Vec::new(), 5).await;
    assert_eq!(nothing, Err(CallError::Service(StallError::Nothing)), "the service has answered");
    assert_eq!(stall.is_open().await, Ok(true));
}

#[tokio::test]
async fn calls_are_routed_by_the_hash_of_an_argument() {
    let (remote, stall) = nobody();
    for (order, note) in [(7, "a"), (7, "b"), (8, "a")] {
        stall.pack(order, note.into()).await.unwrap_err();
    }
    let _ = stall.is_open().await;
    assert_eq!(*remote.0.lock(), [route_key(&7_u64), route_key(&7_u64), route_key(&8_u64), None]);
}
