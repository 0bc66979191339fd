//! The saga, and the way in which the bus calls it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use futures_util::future::BoxFuture;
use seam::StoreFailure;
use seam::prelude::*;
use seam_bus::command::{self, Callee, Calls, Target};
use seam_core::call::{CallOptions, KeptCall, TicketId};
use seam_core::context::{TurnContext, in_context};
use seam_core::contract::{Contract, ServiceFailure};
use seam_core::name::ServiceId;
use seam_core::outcome::NotExecuted;
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
    service: ServiceId,
}

impl Trade {
    /// In a world, with rows in that store.
    pub(crate) fn new(world: Arc<World>, store: &Store) -> anyhow::Result<Self> {
        let bank = BankClient::local(Of(Arc::clone(&world)));
        let ferry = FerryClient::local(Of(world));
        let trader = Trader { bank, ferry, orders: store.table("orders")? };
        let service = ServiceId::of(TradingContract::NAME).context("no name of a service")?;
        Ok(Self { trader, service })
    }

    /// The saga of an order, as it is kept.
    pub(crate) fn fulfil(&self, order: u64) -> anyhow::Result<KeptCall> {
        let (arguments, key) =
            (serde_json::to_vec(&json!({ "order": order }))?, format!("order-{order}"));
        let call = KeptCall::new(self.service.name(), "fulfil", arguments, key);
        Ok(KeptCall { idempotent: true, saga: true, ..call })
    }

    /// What is written down of an order's end.
    pub(crate) async fn fulfilled(&self, order: u64) -> anyhow::Result<Option<bool>> {
        Ok(self.trader.orders.get(&order).await?)
    }

    /// How they are called.
    pub(crate) fn calls(&self) -> Arc<dyn Calls> {
        Arc::new(Here(Directly { trader: self.trader.clone(), service: self.service }))
    }
}

/// Calls the saga's method within the future that asks for it: dropped, nothing of it goes on, as
/// after a crash. A client's turn would go on at its service's home.
#[derive(Clone, Debug)]
struct Directly {
    trader: Trader,
    service: ServiceId,
}

impl Callee for Directly {
    fn anybody(&self) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn call(
        &self,
        arguments: &[u8],
        options: CallOptions,
    ) -> BoxFuture<'static, Result<Vec<u8>, CallError<ServiceFailure>>> {
        let order = serde_json::from_slice::<Value>(arguments).ok();
        let order = order.and_then(|arguments| arguments["order"].as_u64());
        let (trader, service) = (self.trader.clone(), self.service);
        Box::pin(async move {
            let Some(order) = order else {
                return Err(NotExecuted::bad_request("no order").into());
            };
            // The turn's own context has what the call hands over.
            let mut turn = TurnContext::new(service, &"fulfil", Moment::NEVER, options.context);
            match in_context(Arc::clone(turn.own()), trader.fulfil(order)).await {
                Ok(()) => Ok(b"null".to_vec()),
                Err(error) => Err(CallError::Service(ServiceFailure::whole_of(&error))),
            }
        })
    }
}

/// There is one service, whose own sagas these are.
#[derive(Debug)]
struct Here(Directly);

impl Calls for Here {
    fn target(&self, _: &str, _: Option<&str>, _: &str) -> Option<Target> {
        Some(Target { callee: Box::new(self.0.clone()), own: true })
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
