//! Who keeps the registry in memory, and answers for it: in this process, and to others by the wire.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted};
use seam_core::remote::{Inbound, Inlet, Served, own_answer};
use seam_core::time::{Clock, Moment};
use tokio::sync::watch;

use super::asking::{contract, service};
use super::book::{Book, Full, LONGEST, MOST};
use super::request::{Answer, Request, Seen};
use crate::engine::Claimed;
use crate::entry::Entry;
use crate::settings::Settings;

/// After so long who watches is answered although nothing has changed, so that nobody waits for a keeper
/// that has gone.
const WATCH: Duration = Duration::from_secs(5);

/// Who keeps the registry. Others ask it over the wire if it is among their server's inlets.
#[derive(Clone)]
pub struct Keeper(Arc<Shared>);

struct Shared {
    service: ServiceId,
    book: Mutex<Book>,
    clock: Clock,
    /// Rings when something has changed; true once nobody is answered any more.
    closed: watch::Sender<bool>,
}

impl Keeper {
    /// Keeps nothing yet. `None` if the process has met too many names.
    pub fn new(settings: Settings, clock: Clock) -> Option<Self> {
        let now = clock.now();
        // Higher than that of any keeper before this one, unless the system's clock was set back.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let fence = u64::try_from(since.as_micros()).unwrap_or_default();
        let book = Book::new(now, settings.lease, fastrand::u64(1..), fence);
        let (book, closed) = (Mutex::new(book), watch::Sender::new(false));
        Some(Self(Arc::new(Shared { service: service()?, book, clock, closed })))
    }

    /// Answers nobody any more, and those at once who wait.
    pub fn close(&self) {
        self.0.closed.send_replace(true);
    }

    /// What is registered.
    pub fn entries(&self) -> Vec<Entry> {
        let book = &mut *self.0.book.lock();
        book.tick(self.0.clock.now());
        book.entries()
    }

    /// Answers; `None` once it is closed.
    pub(super) async fn answer(&self, request: Request) -> Option<Answer> {
        let Shared { clock, book, closed, .. } = &*self.0;
        if *closed.borrow() {
            return None;
        }
        if let Request::Watch { seen } = request {
            return self.watch(seen).await;
        }
        let now = clock.now();
        let (answer, changed) = {
            let mut book = book.lock();
            book.tick(now);
            let before = book.seen();
            (answer(&mut book, now, request), book.seen() != before)
        };
        if changed {
            closed.send_modify(|_| {});
        }
        Some(answer)
    }

    /// Waits until something has changed, time included.
    async fn watch(&self, seen: Option<Seen>) -> Option<Answer> {
        let Shared { clock, book, closed, .. } = &*self.0;
        let mut changes = closed.subscribe();
        let until = clock.now().after(WATCH);
        loop {
            if *changes.borrow_and_update() {
                return None;
            }
            let now = clock.now();
            let next = {
                let mut book = book.lock();
                book.tick(now);
                if seen != Some(book.seen()) || now >= until {
                    return Some(Answer::Listed { seen: book.seen(), entries: book.entries() });
                }
                book.next()
            };
            tokio::select! {
                // The sender lives as long as this.
                _ = changes.changed() => {}
                () = clock.wait_until(next.min(until)) => {}
            }
        }
    }
}

fn answer(book: &mut Book, now: Moment, request: Request) -> Answer {
    let full = |_: Full| Answer::Full { reason: format!("it keeps {MOST} at most") };
    let done = |done| Answer::Done { done };
    match request {
        Request::Register { entry } if is_too_long(&entry) => {
            Answer::Full { reason: format!("its texts have {LONGEST} bytes at most") }
        }
        Request::Register { entry } => book.register(now, entry).map_or_else(full, |()| done(true)),
        Request::Renew { place, launch } => done(book.renew(now, &place, launch)),
        Request::Leave { place, launch } => {
            book.leave(&place, launch);
            done(true)
        }
        Request::Claim { name, .. } | Request::RenewClaim { name, .. } if name.len() > LONGEST => {
            Answer::Full { reason: format!("a claim's name has {LONGEST} bytes at most") }
        }
        Request::Claim { name, holder } => match book.claim(now, &name, holder) {
            Ok(Claimed::Granted { fence }) => Answer::Granted { fence },
            Ok(Claimed::Held) => Answer::Held {},
            Err(why) => full(why),
        },
        Request::RenewClaim { name, holder, fence } => {
            done(book.renew_claim(now, &name, holder, fence))
        }
        Request::Release { name, holder, fence } => {
            book.release(&name, holder, fence);
            done(true)
        }
        // Answered before it comes here.
        Request::Watch { .. } => Answer::Listed { seen: book.seen(), entries: book.entries() },
    }
}

fn is_too_long(entry: &Entry) -> bool {
    let Entry { app, unit, address, host, release, .. } = entry;
    let texts = [Some(app), Some(unit), Some(address), host.as_ref(), Some(release)];
    texts.into_iter().flatten().any(|text| text.len() > LONGEST)
}

impl Inlet for Keeper {
    fn service(&self) -> ServiceId {
        self.0.service
    }

    fn descriptor(&self) -> &'static ContractDescriptor {
        contract()
    }

    fn serve(&self, inbound: Inbound<'_>, _: &mut Vec<u8>) -> Served {
        let request = match serde_json::from_slice(inbound.body) {
            Ok(request) => request,
            Err(error) => {
                let why = format!("no request to a registry: {error}");
                return Served::failed(NotExecuted::bad_request(why));
            }
        };
        let keeper = self.clone();
        Served::later(async move {
            let answer = keeper.answer(request).await;
            let answer = answer.ok_or_else(|| {
                Failure::from(NotExecuted::unavailable("who keeps the registry is leaving"))
            })?;
            // Texts and numbers can always be written.
            let bytes = serde_json::to_vec(&answer).unwrap_or_default();
            Ok(own_answer(bytes, keeper.0.clock.now()))
        })
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keeper({} entries)", self.0.book.lock().entries().len())
    }
}
