//! A contract with a method of every kind, an actor for it, and the ways to call one.

use std::collections::BTreeMap;
use std::future::{Future, ready};
use std::pin::Pin;
use std::sync::Arc;

use seam::prelude::*;
use seam_core::call::{Client, Deadlines, Faults, Hosts, Inbox, Rehearsal, Route, Target};
use seam_core::home::Home;
use seam_core::metrics::Meters;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_core::remote::Caller;
use seam_core::turn::{Factory, Host, HostSettings};

#[seam::message]
#[derive(Copy, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ItemId(pub(crate) u64);

#[seam::message]
pub(crate) struct Item {
    pub(crate) id: ItemId,
    pub(crate) unit_price: u32,
    #[serde(default)]
    pub(crate) label: Option<String>,
}

#[seam::message]
pub(crate) enum Shape {
    Point,
    Circle(u32),
    Line(u32, u32),
    Rect { left_edge: u32, right_edge: u32 },
    Held(Option<Box<Item>>),
}

#[seam::error]
pub(crate) enum VaultError {
    /// It is closed today.
    Closed,
    /// Nothing there.
    #[error(status = 404, code = "no_item", text = "no item {id:?}, {{sorry}}")]
    Missing {
        /// What was asked for.
        id: ItemId,
    },
    #[error(text = "{1} of {0}")]
    Pair(u8, String),
    #[error(status = 500, unknown)]
    LostTrack,
    #[error(inner)]
    Inner(InnerError),
}

/// Keeps items.
///
/// With a method of every kind.
#[seam::contract(name = "vault", version = "1.2")]
pub(crate) trait Vault {
    /// Puts an item in.
    #[call(
        idempotent,
        deadline = "2s",
        http = "POST /api/vault/{item_id}",
        status = 201,
        location = "/api/vault/{id}",
        header(key_text = "Idempotency-Key")
    )]
    #[call(public, http = "PUT /api/vault")]
    async fn put(
        &mut self,
        /// Which item.
        item_id: ItemId,
        unit_price: u32,
        /// Its label.
        key_text: Option<String>,
    ) -> Result<Item, VaultError>;

    /// The item of that id.
    async fn item(&self, id: ItemId) -> Result<Item, VaultError>;
    async fn unit(&self);
    async fn clear(&mut self);
    #[call(complete)]
    async fn count(&self) -> u64;
    async fn shapes(&self, shape: Shape, times: u8) -> Vec<Shape>;
    async fn nested(&self, value: Option<Option<u8>>) -> Option<Option<u8>>;
    async fn map(&self, words: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, u64>;
    async fn bytes(&self, bytes: Vec<u8>) -> Vec<u8>;
    async fn tuple(
        &self,
        pair: (i64, f64, char),
        array: [bool; 3],
    ) -> ([bool; 3], (i64, f64, char));
    async fn fail(&self, with: u8) -> Result<(), VaultError>;
    async fn panics(&self, text: String) -> u64;
    async fn r#type(&self, r#struct: u8) -> u8;
}

#[seam::error]
pub(crate) enum BankError {
    #[error(status = 402, text = "{missing} cents short")]
    Broke { missing: u64 },
}

/// Whom the vault calls.
#[seam::contract(name = "bank", version = "1.0")]
pub(crate) trait Bank {
    async fn pay(&self, cents: u64) -> Result<u64, BankError>;
}

struct EmptyBank;

impl Bank for EmptyBank {
    async fn pay(&self, cents: u64) -> Result<u64, BankError> {
        Err(BankError::Broke { missing: cents })
    }
}

pub(crate) struct Fake {
    items: BTreeMap<ItemId, Item>,
    bank: BankClient,
}

impl Fake {
    pub(crate) fn new() -> Self {
        Self { items: BTreeMap::new(), bank: BankClient::local(EmptyBank) }
    }
}

impl Vault for Fake {
    async fn put(
        &mut self,
        item_id: ItemId,
        unit_price: u32,
        key_text: Option<String>,
    ) -> Result<Item, VaultError> {
        if unit_price == 0 {
            return Err(VaultError::Closed);
        }
        tokio::task::yield_now().await;
        let item = Item { id: item_id, unit_price, label: key_text };
        self.items.insert(item_id, item.clone());
        Ok(item)
    }

    async fn item(&self, id: ItemId) -> Result<Item, VaultError> {
        self.items.get(&id).cloned().ok_or(VaultError::Missing { id })
    }

    async fn unit(&self) {}

    async fn clear(&mut self) {
        self.items.clear();
    }

    async fn count(&self) -> u64 {
        tokio::task::yield_now().await;
        self.items.len() as u64
    }

    async fn shapes(&self, shape: Shape, times: u8) -> Vec<Shape> {
        (0..times).map(|_| shape.clone()).collect()
    }

    async fn nested(&self, value: Option<Option<u8>>) -> Option<Option<u8>> {
        value
    }

    async fn map(&self, words: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, u64> {
        words.into_iter().map(|(word, bytes)| (word, bytes.len() as u64)).collect()
    }

    async fn bytes(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        bytes.reverse();
        bytes
    }

    async fn tuple(
        &self,
        pair: (i64, f64, char),
        array: [bool; 3],
    ) -> ([bool; 3], (i64, f64, char)) {
        (array, pair)
    }

    async fn fail(&self, with: u8) -> Result<(), VaultError> {
        match with {
            0 => Ok(()),
            1 => Err(VaultError::Closed),
            2 => Err(VaultError::Pair(2, "two".to_owned())),
            3 => Err(VaultError::LostTrack),
            _ => {
                self.bank.pay(7).await?;
                Ok(())
            }
        }
    }

    async fn panics(&self, text: String) -> u64 {
        panic!("{text}")
    }

    async fn r#type(&self, r#struct: u8) -> u8 {
        r#struct
    }
}

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Makes an actor as often as it is wanted.
pub(crate) struct Made<A>(pub(crate) fn() -> A);

impl<A: Send + Sync + 'static> Factory<A> for Made<A> {
    fn build(&self) -> Boxed<'_, Result<A, StartError>> {
        Box::pin(ready(Ok((self.0)())))
    }

    fn stop<'a>(&'a self, _: &'a mut A) -> Boxed<'a, ()> {
        Box::pin(ready(()))
    }

    fn health<'a>(&'a self, _: &'a A) -> Boxed<'a, Health> {
        Box::pin(ready(Health::Good))
    }
}

/// A client whose calls are turns, and one whose calls are encoded and decoded on their way.
pub(crate) fn both_ways() -> [(&'static str, Client<VaultContract>); 2] {
    both_ways_to(Fake::new)
}

/// The same to an actor of another contract.
pub(crate) fn both_ways_to<C, A>(make: fn() -> A) -> [(&'static str, Client<C>); 2]
where
    C: Hosts<A>,
    A: Send + Sync + 'static,
{
    ["direct", "encoded"].map(|way| {
        let service = ServiceId::of(C::NAME).unwrap();
        let settings = HostSettings::new(service, Home::shared().unwrap());
        let clock = settings.clock.clone();
        let host = C::erase(Host::start(settings, Arc::new(Made(make))));
        let recorder = Arc::new(Recorder::new(&clock, 0));
        let meters = Meters::new(service, C::descriptor(), recorder, clock.clone());
        let meters = Arc::new(meters);
        let target = if way == "direct" {
            Target::Local(host)
        } else {
            let inbox = Inbox::<C>::new(service, host, [], meters);
            let wire = Rehearsal::new(Arc::new(inbox), Faults::default(), clock.clone());
            Target::Remote(Arc::new(wire))
        };
        let route = Route::new(service, Deadlines::default(), clock);
        route.set(target);
        (way, Client::new(Arc::new(route), Caller::Program))
    })
}
