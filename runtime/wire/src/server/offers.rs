//! Which of a server's services are active and well, and how its connections get to know that this
//! changes.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::name::ServiceId;
use seam_core::remote::Inlet;
use slab::Slab;
use tokio::sync::Notify;

use crate::frame::{Capabilities, ServiceSetBuf};
use crate::session::Session;

/// How long peers may take to see what has changed; then it isn't waited for any longer. What they send
/// in ignorance is refused, and has not run.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long calls may be under way that were sent when their callers learned of it.
const UNDER_WAY: Duration = Duration::from_millis(20);

/// The services of a [`Server`](super::Server), each of which is active or not for now, and well or not.
///
/// Peers are told which are, at once and whenever that changes. A call of one that isn't active is
/// answered as *not executed*, because it is unavailable; calls that were taken while it was active go
/// on. One that isn't well is called as ever, by who can't call it elsewhere.
#[derive(Clone)]
pub struct Offers(Arc<Board>);

impl Offers {
    pub(super) const fn new(board: Arc<Board>) -> Self {
        Self(board)
    }

    /// Offers a service from now on, or doesn't any more. False if the server was started without it.
    pub fn set(&self, service: ServiceId, active: bool) -> bool {
        let Some(hosted) = self.0.find(service) else { return false };
        // In this order, so that one that was withdrawn and ends isn't offered in between.
        let was_active = hosted.active.swap(active, Ordering::AcqRel);
        if hosted.withdrawn.swap(false, Ordering::AcqRel) || was_active != active {
            self.0.change();
        }
        true
    }

    /// A service is well from now on, or isn't. False if the server was started without it.
    pub fn set_well(&self, service: ServiceId, well: bool) -> bool {
        let Some(hosted) = self.0.find(service) else { return false };
        if hosted.well.swap(well, Ordering::AcqRel) != well {
            self.0.change();
        }
        true
    }

    /// Tells peers that a service isn't active any more, and takes calls of it all the same: those that
    /// left before their callers knew. [`Offers::set`] ends that. False if the server was started without
    /// it.
    pub fn withdraw(&self, service: ServiceId) -> bool {
        let Some(hosted) = self.0.find(service) else { return false };
        hosted.withdrawn.store(true, Ordering::Release);
        self.0.change();
        true
    }

    /// Waits until all peers have seen what has changed, and until what they sent before has come; half a
    /// second at most.
    pub async fn seen(&self) {
        self.0.seen().await;
    }

    /// Whether the server was started with that service.
    pub fn has(&self, service: ServiceId) -> bool {
        self.0.find(service).is_some()
    }

    /// Whether the service is active.
    pub fn is_active(&self, service: ServiceId) -> bool {
        self.0.find(service).is_some_and(Hosted::is_active)
    }
}

impl fmt::Debug for Offers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosted = self.0.hosted.iter();
        f.debug_map().entries(hosted.map(|h| (h.inlet.service(), h.is_active()))).finish()
    }
}

/// What a server's connections have to know of it while they stand.
pub(super) struct Board {
    /// The services, in the order of the hello.
    pub(super) hosted: Vec<Hosted>,
    /// How often one of them was made active or inactive, well or unwell.
    changes: AtomicU64,
    /// Peers are told that nothing is active; their calls are taken all the same.
    withdrawn: AtomicBool,
    draining: AtomicBool,
    /// Rings when something here has changed.
    bell: Notify,
    /// How many changes each peer has seen.
    peers: Mutex<Slab<u64>>,
    /// Rings when a peer has seen some, or has gone.
    seen: Notify,
}

/// A service that may be active.
pub(super) struct Hosted {
    pub(super) inlet: Arc<dyn Inlet>,
    active: AtomicBool,
    /// Peers are told that it isn't active, whatever it is.
    withdrawn: AtomicBool,
    well: AtomicBool,
}

impl Hosted {
    #[inline]
    pub(super) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire)
    }

    /// Whether peers are to send calls.
    fn is_offered(&self) -> bool {
        self.is_active() && !self.withdrawn.load(Ordering::Acquire)
    }
}

impl Board {
    pub(super) fn new(inlets: Vec<Arc<dyn Inlet>>, inactive: &[ServiceId]) -> Self {
        let hosted = inlets.into_iter().map(|inlet| {
            let active = AtomicBool::new(!inactive.contains(&inlet.service()));
            let (withdrawn, well) = (AtomicBool::new(false), AtomicBool::new(true));
            Hosted { inlet, active, withdrawn, well }
        });
        Self {
            hosted: hosted.collect(),
            changes: AtomicU64::new(0),
            withdrawn: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            bell: Notify::new(),
            peers: Mutex::new(Slab::new()),
            seen: Notify::new(),
        }
    }

    fn find(&self, service: ServiceId) -> Option<&Hosted> {
        self.hosted.iter().find(|hosted| hosted.inlet.service() == service)
    }

    pub(super) fn active(&self) -> ServiceSetBuf {
        let offered = !self.withdrawn.load(Ordering::Acquire);
        ServiceSetBuf::new(self.hosted.iter().map(|hosted| offered && hosted.is_offered()))
    }

    fn well(&self) -> ServiceSetBuf {
        ServiceSetBuf::new(self.hosted.iter().map(|hosted| hosted.well.load(Ordering::Acquire)))
    }

    fn change(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
        self.bell.notify_waiters();
    }

    /// Waits until all peers have seen what has changed, and what they sent before has come.
    pub(super) async fn seen(&self) {
        if self.peers.lock().is_empty() {
            return;
        }
        let changes = self.changes.load(Ordering::Acquire);
        let all = async {
            loop {
                // Registered before the look, so that none is missed.
                let seen = self.seen.notified();
                if self.peers.lock().iter().all(|(_, seen)| *seen >= changes) {
                    return;
                }
                seen.await;
            }
        };
        let patience = tokio::time::timeout(PATIENCE, all);
        let _ = tokio::join!(patience, tokio::time::sleep(UNDER_WAY));
    }

    /// The unit is about to be stopped: nobody is to begin a call that it could make elsewhere.
    pub(super) fn withdraw(&self) {
        self.withdrawn.store(true, Ordering::Release);
        self.change();
    }

    /// The unit is being stopped.
    pub(super) fn drain(&self) {
        self.draining.store(true, Ordering::Release);
        self.bell.notify_waiters();
    }

    #[inline]
    pub(super) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Acquire)
    }

    /// Never ends, and wakes who polls it whenever something here has changed: who came first, first.
    pub(super) fn changed(self: &Arc<Self>) -> impl Future<Output = ()> + Send + use<> {
        let board = Arc::clone(self);
        async move {
            loop {
                board.bell.notified().await;
            }
        }
    }

    /// Returns once the unit is being stopped.
    pub(super) async fn drained(&self) {
        loop {
            // Registered before the look, so that it isn't missed.
            let changed = self.bell.notified();
            if self.is_draining() {
                return;
            }
            changed.await;
        }
    }
}

/// Somebody who is connected and has said hello.
pub(super) struct Listener {
    board: Arc<Board>,
    number: usize,
}

impl Listener {
    /// One who has seen what `told` says.
    pub(super) fn new(board: &Arc<Board>, told: &Told) -> Self {
        let number = board.peers.lock().insert(told.changes);
        Self { board: Arc::clone(board), number }
    }

    fn has_seen(&self, changes: u64) {
        self.board.peers.lock()[self.number] = changes;
        self.board.seen.notify_waiters();
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.board.peers.lock().remove(self.number);
        self.board.seen.notify_waiters();
    }
}

/// What a peer was told of the services last.
pub(super) struct Told {
    changes: u64,
    pub(super) active: ServiceSetBuf,
    well: ServiceSetBuf,
    /// The ping behind what was told last: once it is answered, the peer has seen that.
    ping: u64,
}

impl Told {
    fn now(board: &Board) -> Self {
        // In this order, so that a change in between is told once more rather than never.
        let changes = board.changes.load(Ordering::Acquire);
        Self { changes, active: board.active(), well: board.well(), ping: 0 }
    }

    /// What a hello says now: nothing of who isn't well.
    pub(super) fn by_hello(board: &Board) -> Self {
        let well = ServiceSetBuf::new(board.hosted.iter().map(|_| true));
        Self { well, ..Self::now(board) }
    }

    /// Tells the peer what has changed since, if anything has.
    #[inline]
    pub(super) fn tell_changes(&mut self, board: &Board, session: &mut Session<()>) {
        if board.changes.load(Ordering::Acquire) != self.changes && session.is_open() {
            self.tell(board, session);
        }
    }

    /// The same for who has just seen that a service isn't active: the peer knows that before it hears
    /// of its call.
    #[cold]
    pub(super) fn tell(&mut self, board: &Board, session: &mut Session<()>) {
        let now = Self { ping: self.ping, ..Self::now(board) };
        let before = std::mem::replace(self, now);
        if before.active != self.active {
            session.offer(self.active.as_set());
        }
        if before.well != self.well {
            session.tell_health(self.well.as_set());
        }
        if before.changes != self.changes && session.settled().has(Capabilities::OFFERS) {
            self.ping = session.ping();
        }
    }

    /// The peer has answered a ping.
    pub(super) fn ponged(&self, ping: u64, listener: &Listener) {
        if ping == self.ping {
            listener.has_seen(self.changes);
        }
    }
}
