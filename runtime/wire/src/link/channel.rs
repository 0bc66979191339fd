//! One connection of a link, as callers see it: they encode into its output under a short lock, and
//! its driver writes, reads, and puts answers where callers wait for them.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::Waker;

use futures_util::task::AtomicWaker;
use parking_lot::{Mutex, MutexGuard};
use seam_core::outcome::{NotExecuted, Unknown};
use seam_core::time::Clock;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use super::offered::{Offered, Offering};
use super::origins::LastOrigin;
use super::waiter::Waiter;
use super::way::Way;
use super::{LinkConfig, LinkState};
use crate::agree::{MethodState, ServiceTable, agree};
use crate::closed::Closed;
use crate::frame::{CallId, Hello, ServiceOffer, ServiceSet, ServiceSetBuf};
use crate::session::{Fate, Session};

pub(super) struct Channel {
    pub(super) way: Way,
    pub(super) clock: Clock,
    pub(super) config: Arc<LinkConfig>,
    /// Whether it is a thread's own, beside a link's.
    pub(super) near: bool,
    inner: Mutex<Inner>,
    /// Wakes the driver when there is something to write.
    pub(super) driver: AtomicWaker,
    state: watch::Sender<LinkState>,
    /// What threads drive of their own beside it; `None` once it was left.
    followers: Mutex<Option<Vec<AbortHandle>>>,
    /// What callers are told of each of the contracts; nothing beside a link.
    offered: Mutex<Vec<Arc<Offered>>>,
}

pub(super) struct Inner {
    pub(super) connection: Option<Open>,
    /// Who waited over a connection that has ended, with what came of their calls, until they fetch it.
    pub(super) late: HashMap<CallId, Waiter>,
    /// The last call's id: those of the next connection go on after it.
    last: CallId,
    pub(super) origin: LastOrigin,
    /// The contracts that are called over this channel.
    wanted: Vec<ServiceOffer>,
    /// Why there is no connection.
    down: Box<str>,
}

/// A connection that exists, greeted or not.
pub(super) struct Open {
    pub(super) session: Session<Waiter>,
    /// What was agreed per wanted contract.
    pub(super) tables: Vec<Option<ServiceTable>>,
    pub(super) hello: Option<Box<Hello>>,
    /// Which of the hello's services are well; all of them, until the peer says otherwise.
    well: Option<ServiceSetBuf>,
}

impl Channel {
    pub(super) fn new(way: Way, config: Arc<LinkConfig>) -> Self {
        Self::with(way, config, false, Vec::new())
    }

    /// One more channel to the same peer, for one thread, over which the same is called.
    pub(super) fn beside(channel: &Self) -> Self {
        let wanted = channel.lock().wanted.clone();
        Self::with(channel.way.clone(), Arc::clone(&channel.config), true, wanted)
    }

    fn with(way: Way, config: Arc<LinkConfig>, near: bool, wanted: Vec<ServiceOffer>) -> Self {
        let inner = Inner {
            connection: None,
            late: HashMap::new(),
            last: CallId::default(),
            origin: LastOrigin::new(),
            wanted,
            down: "not connected yet".into(),
        };
        Self {
            way,
            clock: config.clock.clone(),
            config,
            near,
            inner: Mutex::new(inner),
            driver: AtomicWaker::new(),
            state: watch::Sender::new(LinkState::Connecting),
            followers: Mutex::new(Some(Vec::new())),
            offered: Mutex::default(),
        }
    }

    /// A thread drives one of its own beside this one, until that is left.
    pub(super) fn followed(&self, follower: AbortHandle) {
        match &mut *self.followers.lock() {
            Some(followers) => {
                followers.retain(|follower| !follower.is_finished());
                followers.push(follower);
            }
            None => follower.abort(),
        }
    }

    /// Ends what threads drive beside it, for good.
    pub(super) fn leave_followers(&self) {
        let followers = self.followers.lock().take();
        followers.iter().flatten().for_each(AbortHandle::abort);
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    pub(super) fn state_changes(&self) -> watch::Receiver<LinkState> {
        self.state.subscribe()
    }

    /// How many services are called over it.
    pub(super) fn services(&self) -> usize {
        self.lock().wanted.len()
    }

    /// Says that a contract will be called; its place in the tables, and whether it is offered.
    pub(super) fn want(&self, offer: ServiceOffer) -> (usize, Arc<Offered>) {
        let mut inner = self.lock();
        if let Some(open) = &mut inner.connection {
            let mut table = open.hello.as_ref().and_then(|hello| agree(&offer, hello));
            if let (Some(table), Some(well)) = (&mut table, &open.well) {
                table.well = well.as_set().contains(table.service);
            }
            open.tables.push(table);
        }
        inner.wanted.push(offer);
        let offered = Arc::<Offered>::default();
        self.offered.lock().push(Arc::clone(&offered));
        self.find_offered(&inner);
        (inner.wanted.len() - 1, offered)
    }

    /// What is offered may have changed; who follows is to be told by [`Channel::tell_offered`].
    pub(super) fn find_offered(&self, inner: &Inner) {
        for (place, offered) in self.offered.lock().iter().enumerate() {
            let open = inner.connection.as_ref().filter(|open| open.session.is_open());
            let table = open.and_then(|open| open.tables.get(place)?.as_ref());
            offered.set(match table.filter(|table| table.is_usable()) {
                None => Offering::Nothing,
                Some(table) if table.well => Offering::Well,
                Some(_) => Offering::Unwell,
            });
        }
    }

    /// Tells who follows what is offered now.
    pub(super) fn tell_offered(&self) {
        let offered = self.offered.lock().clone();
        offered.iter().for_each(|offered| offered.tell());
    }

    /// Nothing can be called any more, which is told before any call fails for that.
    fn close(&self, reason: &str) {
        {
            let mut inner = self.lock();
            inner.down = reason.into();
            if let Some(open) = &mut inner.connection {
                open.tables.clear();
                open.hello = None;
            }
            self.find_offered(&inner);
        }
        self.tell_offered();
    }

    /// There is a stream, and nobody has said hello yet.
    pub(super) fn opened(&self, mut session: Session<Waiter>) {
        let mut inner = self.lock();
        session.go_on_after(inner.last);
        let tables = inner.wanted.iter().map(|_| None).collect();
        inner.connection = Some(Open { session, tables, hello: None, well: None });
    }

    pub(super) fn set_state(&self, state: LinkState) {
        self.state.send_replace(state);
    }

    /// There is no connection any more: everybody who waits gets to know what became of their call.
    /// `unsent` bytes of the last batch were not handed to the system.
    pub(super) fn lost(&self, closed: &Closed, unsent: usize) {
        // Without the address: callers pass this on, perhaps to outsiders. The log has it.
        let reason: Box<str> = format!("no connection to its unit: {closed}").into();
        let mut wake = Vec::new();
        self.close(&reason);
        {
            let mut inner = self.lock();
            let Inner { connection, late, last, .. } = &mut *inner;
            if let Some(mut open) = connection.take() {
                *last = open.session.last_id();
                for (id, mut waiter, fate) in open.session.close(unsent) {
                    let reason = reason.clone();
                    let failure = fate.map(|fate| match fate {
                        Fate::NotSent => NotExecuted::Unavailable { reason }.into(),
                        Fate::MaybeSent => Unknown::ConnectionLost { reason }.into(),
                    });
                    wake.extend(failure.and_then(|failure| waiter.failed(failure)));
                    late.insert(id, waiter);
                }
            }
        }
        wake.into_iter().for_each(Waker::wake);
        // Who is greeted anew at once isn't down.
        if !matches!(closed, Closed::Older) {
            self.set_state(LinkState::Down { reason: closed.to_string() });
        }
    }

    /// Nobody waits for this answer any more.
    pub(super) fn leave(&self, id: CallId) {
        let mut inner = self.lock();
        let mut left = None;
        let mut wake = false;
        if let Some(Open { session, .. }) = &mut inner.connection {
            let idle = session.output_len() == 0;
            session.cancel(id, |waiter| left = Some(waiter.left()));
            wake = idle && session.output_len() > 0;
        }
        let late = if left.is_none() { inner.late.remove(&id) } else { None };
        // What the waiter held is dropped without the lock: a waker may run anything.
        drop(inner);
        drop((left, late));
        if wake {
            self.driver.wake();
        }
    }
}

impl Inner {
    /// The handshake is done; `tell` the log what can't be called there.
    pub(super) fn greeted(&mut self, hello: Box<Hello>, tell: bool) {
        let Some(open) = &mut self.connection else { return };
        open.tables = self.wanted.iter().map(|wanted| agree(wanted, &hello)).collect();
        for (wanted, table) in self.wanted.iter().zip(&open.tables).filter(|_| tell) {
            report_differences(wanted, table.as_ref(), &hello);
        }
        open.hello = Some(hello);
    }

    /// The peer's services come and go.
    pub(super) fn offers(&mut self, active: ServiceSet<'_>) {
        let Some(open) = &mut self.connection else { return };
        for table in open.tables.iter_mut().flatten() {
            table.active = active.contains(table.service);
        }
        if let Some(hello) = &mut open.hello {
            hello.active = Some(active.to_buf());
        }
    }

    /// The peer's services are well or not.
    pub(super) fn health(&mut self, well: ServiceSet<'_>) {
        let Some(open) = &mut self.connection else { return };
        for table in open.tables.iter_mut().flatten() {
            table.well = well.contains(table.service);
        }
        open.well = Some(well.to_buf());
    }

    /// Why no call can be made.
    pub(super) fn unavailable(&self) -> NotExecuted {
        NotExecuted::Unavailable { reason: self.down.clone() }
    }
}

/// Says what can't be called, once per connection rather than per call.
fn report_differences(wanted: &ServiceOffer, table: Option<&ServiceTable>, hello: &Hello) {
    let (service, unit) = (&wanted.name, &hello.unit);
    let Some(table) = table else {
        tracing::warn!(service, unit, "the unit doesn't host a service that is called there");
        return;
    };
    for (method, state) in wanted.methods.iter().zip(&table.methods) {
        if !matches!(state, MethodState::Usable(_)) {
            let (method, theirs, ours) = (&method.name, &table.version, &wanted.version);
            tracing::warn!(service, method, unit, theirs, ours, "contracts differ: not callable");
        }
    }
}
