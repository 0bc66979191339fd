//! Somebody who keeps calls, in memory and without ever making them.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use seam_core::call::Client;
use seam_core::context::Principal;
use seam_gateway::{
    Edge, FindError, KeepError, Order, Own, Progress, TicketId, TicketState, Tickets,
};
use tokio::sync::watch;

use super::{Named, Ready, settings, shelf};

/// A service with arguments of every origin.
#[seam::contract(name = "till", version = "1.0")]
pub(crate) trait Till {
    /// Takes money.
    #[call(public, http = "POST /api/account/{account}/charge", header(key = "Idempotency-Key"))]
    #[call(http = "PUT /api/account/{account}/charge", header(key = "Idempotency-Key"))]
    async fn charge(
        &self,
        account: u32,
        cents: u32,
        labels: Option<BTreeMap<String, String>>,
        key: String,
    ) -> u32;

    /// Gives some back.
    #[call(
        public,
        http = "DELETE /api/account/{account}/charge",
        header(nonce = "Idempotency-Key")
    )]
    async fn refund(&self, account: u32, nonce: Option<u64>) -> u32;

    /// What was taken.
    #[call(public, http = "GET /api/account/{account}", header(key = "Idempotency-Key"))]
    async fn charged(&self, account: u32, key: Option<String>) -> Option<String>;

    /// Closes it.
    #[call(http = "POST /api/close")]
    async fn close(&self) -> ();
}

pub(crate) struct TillService;

impl Till for TillService {
    async fn charge(
        &self,
        _: u32,
        cents: u32,
        _: Option<BTreeMap<String, String>>,
        _: String,
    ) -> u32 {
        cents
    }

    async fn refund(&self, account: u32, _: Option<u64>) -> u32 {
        account
    }

    async fn charged(&self, _: u32, key: Option<String>) -> Option<String> {
        key
    }

    async fn close(&self) {}
}

/// What was ordered, and what became of it.
type Ordered = (Order, Result<TicketState, FindError>);

/// What was kept, and what is to be said of it.
#[derive(Clone)]
pub(crate) struct Drawer {
    kept: Arc<Mutex<Vec<Ordered>>>,
    changed: watch::Sender<()>,
    refusal: Arc<Mutex<Option<KeepError>>>,
    /// Never answers.
    pub(crate) stuck: bool,
}

impl Drawer {
    pub(crate) fn new() -> Self {
        let changed = watch::Sender::new(());
        Self { kept: Arc::default(), changed, refusal: Arc::default(), stuck: false }
    }

    /// All that was kept.
    pub(crate) fn orders(&self) -> Vec<Order> {
        self.kept.lock().iter().map(|(order, _)| order.clone()).collect()
    }

    /// Keeps nothing more.
    pub(crate) fn refuse(&self, why: KeepError) {
        *self.refusal.lock() = Some(why);
    }

    /// Has the call that was kept last come to this after its first attempt.
    pub(crate) fn end(&self, progress: Progress) {
        if let Some((_, Ok(state))) = self.kept.lock().last_mut() {
            *state = TicketState { attempts: 1, progress, ..state.clone() };
        }
        self.changed.send_replace(());
    }

    /// Has nothing but this to say of what was kept last.
    pub(crate) fn lose(&self, why: FindError) {
        self.kept.lock().last_mut().unwrap().1 = Err(why);
        self.changed.send_replace(());
    }

    /// Whether somebody waits for a change.
    pub(crate) async fn waited_for(&self) {
        while self.changed.receiver_count() == 0 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    fn kept_now(&self, order: Order) -> Result<TicketState, KeepError> {
        if let Some(why) = self.refusal.lock().clone() {
            return Err(why);
        }
        let mut kept = self.kept.lock();
        let same_key = |(other, _): &&(Order, _)| order.key.is_some() && other.key == order.key;
        if let Some((other, state)) = kept.iter().find(same_key) {
            let of = |order: &Order| {
                (order.service.clone(), order.method.clone(), order.arguments.clone())
            };
            return match of(other) == of(&order) {
                true => state.clone().map_err(|_| KeepError::Expired),
                false => Err(KeepError::KeyReused),
            };
        }
        let state = TicketState {
            id: order.id,
            service: order.service.clone(),
            method: order.method.clone(),
            owner: order.principal.as_deref().and_then(Principal::read).map(|who| who.key()),
            attempts: 0,
            created_at: 1_795_843_649_070,
            progress: Progress::Pending,
        };
        kept.push((order, Ok(state.clone())));
        Ok(state)
    }

    fn found_now(&self, id: TicketId) -> Result<TicketState, FindError> {
        let kept = self.kept.lock();
        let found = kept.iter().find(|(order, _)| order.id == id);
        found.map_or(Err(FindError::NotFound), |(_, state)| state.clone())
    }
}

impl Tickets for Drawer {
    fn keep(&self, order: Order) -> BoxFuture<'static, Result<TicketState, KeepError>> {
        if self.stuck {
            return Box::pin(std::future::pending());
        }
        Box::pin(ready(self.kept_now(order)))
    }

    fn find(
        &self,
        id: TicketId,
        wait: Duration,
    ) -> BoxFuture<'static, Result<TicketState, FindError>> {
        let drawer = self.clone();
        Box::pin(async move {
            if drawer.stuck {
                std::future::pending::<()>().await;
            }
            if wait.is_zero() {
                return drawer.found_now(id);
            }
            let mut changed = drawer.changed.subscribe();
            let is_pending = |found: &Result<TicketState, _>| {
                found.as_ref().is_ok_and(|state| state.progress == Progress::Pending)
            };
            let waiting = async {
                while is_pending(&drawer.found_now(id)) {
                    let _ = changed.changed().await;
                }
            };
            let _ = tokio::time::timeout(wait, waiting).await;
            drawer.found_now(id)
        })
    }
}

/// An edge before a till and a shelf, whose calls may be kept.
pub(crate) fn till(drawer: &Drawer) -> Edge {
    let till = Arc::new(Client::<TillContract>::local(TillService).unwrap());
    let own = Own {
        tickets: Some(Arc::new(drawer.clone())),
        plugins: vec![Arc::new(Named)],
        ..Own::default()
    };
    Edge::bind_with(settings(), vec![till, shelf()], Arc::new(Ready), own).unwrap()
}
