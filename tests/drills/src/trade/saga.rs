//! The saga, and the way in which the bus calls it.

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::future::BoxFuture;
use seam::StoreFailure;
use seam::prelude::*;
use seam_bus::command::{self, Calls, Target};
use seam_core::call::{
    AnyClient, CallOptions, Client, Deadlines, Due, JsonAnswer, JsonBody, JsonReply, KeptCall,
    TicketId,
};
use seam_core::context::{TurnContext, in_context};
use seam_core::contract::{Contract, ContractDescriptor, ServiceFailure};
use seam_core::live::Live;
use seam_core::name::ServiceId;
use seam_core::outcome::NotExecuted;
use seam_core::remote::Caller;
use seam_core::time::Moment;
use seam_store::{Store, Table};
use serde_json::{Value, json};

use super::world::{BankClient, FerryClient, Of, Refusal, World, cents};

#[seam::contract(name = "trade", version = "1.0")]
pub(crate) trait Trading {
    #[call(saga)]
    async fn fulfil(&self, order: u64) -> Result<(), TradeError>;
}

#[seam::error]
pub(crate) enum TradeError {
    /// another service refuses
    Refused,
    #[error(inner)]
    Inner(InnerError),
    #[error(store)]
    Store(StoreFailure),
}

fn told(error: CallError<Refusal>) -> TradeError {
    match error {
        CallError::Service(Refusal::No) => TradeError::Refused,
        other => TradeError::Inner(other.into()),
    }
}

/// The service that the saga is of.
#[derive(Clone, Debug)]
struct Trader {
    bank: BankClient,
    ferry: FerryClient,
    /// Whether an order was fulfilled, once that is known.
    orders: Table<u64, bool>,
}

impl Trading for Trader {
    async fn fulfil(&self, order: u64) -> Result<(), TradeError> {
        let (saga, orders, called_off) = (seam::saga(), self.orders.clone(), self.orders.clone());
        saga.undo_here(move |tx| tx.insert(&called_off, &order, &false));
        let pay = self.bank.pay(order, cents(order));
        saga.step(pay, self.bank.refund(order)).await.map_err(told)?;
        saga.step(self.ferry.book(order), self.ferry.cancel(order)).await.map_err(told)?;
        saga.once(self.ferry.dispatch(order)).await.map_err(told)?;
        saga.commit(move |tx| Ok(tx.insert(&orders, &order, &true)?)).await
    }
}

/// Who keeps such sagas, and has them called.
#[derive(Debug)]
pub(crate) struct Trade {
    trader: Trader,
    client: Client<TradingContract>,
}

impl Trade {
    /// In a world, with rows in that store.
    pub(crate) fn new(world: Arc<World>, store: &Store) -> anyhow::Result<Self> {
        let bank = BankClient::local(Of(Arc::clone(&world)));
        let ferry = FerryClient::local(Of(world));
        let trader = Trader { bank, ferry, orders: store.table("orders")? };
        let client = Client::local(trader.clone()).map_err(|why| anyhow!("{why}"))?;
        Ok(Self { trader, client })
    }

    /// The saga of an order, as it is kept.
    pub(crate) fn fulfil(&self, order: u64) -> anyhow::Result<KeptCall> {
        Ok(KeptCall {
            service: ServiceId::of(TradingContract::NAME).context("no name of a service")?,
            method: "fulfil".to_owned(),
            idempotent: true,
            saga: true,
            arguments: serde_json::to_vec(&json!({ "order": order }))?,
            key: format!("order-{order}"),
            due: Due::Now,
            trace: None,
        })
    }

    /// What is written down of an order's end.
    pub(crate) async fn fulfilled(&self, order: u64) -> anyhow::Result<Option<bool>> {
        Ok(self.trader.orders.get(&order).await?)
    }

    /// How they are called.
    pub(crate) fn calls(&self) -> Arc<dyn Calls> {
        Arc::new(Here(Directly { trader: self.trader.clone(), client: self.client.clone() }))
    }
}

/// Calls the saga's method within the future that asks for it: dropped, nothing of it goes on, as
/// after a crash. A client's turn would go on at its service's home.
#[derive(Clone, Debug)]
struct Directly {
    trader: Trader,
    client: Client<TradingContract>,
}

impl AnyClient for Directly {
    fn service(&self) -> ServiceId {
        self.client.service()
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        TradingContract::descriptor()
    }

    fn for_caller(&self, _: Caller) -> Arc<dyn AnyClient> {
        Arc::new(self.clone())
    }

    fn call_json(&self, _: u16, arguments: &[u8], options: CallOptions) -> JsonReply {
        let order = serde_json::from_slice::<Value>(arguments).ok();
        let order = order.and_then(|arguments| arguments["order"].as_u64());
        let (trader, service) = (self.trader.clone(), self.service());
        Box::pin(async move {
            let Some(order) = order else {
                return Err(NotExecuted::bad_request("no order").into());
            };
            // The turn's own context has what the call hands over.
            let mut turn = TurnContext::new(service, Moment::NEVER, options.context);
            match in_context(Arc::clone(turn.own()), trader.fulfil(order)).await {
                Ok(()) => {
                    let body = JsonBody::Json(b"null".to_vec());
                    Ok(JsonAnswer { body, head: None })
                }
                Err(error) => Err(CallError::Service(ServiceFailure::whole_of(&error))),
            }
        })
    }

    fn kept_json(&self, method: u16, arguments: &[u8]) -> Result<Vec<u8>, NotExecuted> {
        AnyClient::kept_json(&self.client, method, arguments)
    }

    fn deliver(&self, method: u16, event: &[u8], options: CallOptions) -> JsonReply {
        AnyClient::deliver(&self.client, method, event, options)
    }

    fn deadlines(&self) -> &Live<Deadlines> {
        AnyClient::deadlines(&self.client)
    }

    fn typed(&self, caller: Caller) -> Box<dyn Any + Send> {
        AnyClient::typed(&self.client, caller)
    }
}

/// There is one service, whose own sagas these are.
#[derive(Debug)]
struct Here(Directly);

impl Calls for Here {
    fn target(&self, _: &str, method: &str) -> Option<Target> {
        let method = TradingContract::descriptor().method(method)?;
        Some(Target { client: Arc::new(self.0.clone()), method, own: true })
    }

    fn hand_over(&self, _: TicketId, _: KeptCall) -> BoxFuture<'static, Result<(), String>> {
        Box::pin(async { Err("there is nobody else".to_owned()) })
    }

    fn handed_over(
        &self,
        _: TicketId,
        _: &str,
    ) -> BoxFuture<'static, Result<Option<command::Command>, String>> {
        Box::pin(async { Err("there is nobody else".to_owned()) })
    }

    fn results(&self) -> Duration {
        Duration::from_secs(3_600)
    }
}
