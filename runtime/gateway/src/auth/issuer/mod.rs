//! An issuer's keys: fetched in the background, and kept while it is away.

mod refetch;
mod source;

use std::ops::Deref;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use seam_core::live::Live;
use tokio::sync::watch;
use tokio::time::timeout;

use self::refetch::{Asked, Refetch};
use self::source::Fetcher;
pub use self::source::{Source, SourceError};
use super::jwt::{Keys, KnownKeys};

/// How long a request waits for keys: a little longer than a fetch may take.
const PATIENCE: Duration = Duration::from_millis(2_500);
/// How often a file is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// What one issuer's tokens are checked with. Its thread ends with it.
pub(super) struct Issuer {
    shared: Arc<Shared>,
    /// Has a fetch made; its end is the thread's.
    wake: SyncSender<()>,
}

struct Shared {
    known: Live<Option<KnownKeys>>,
    refetch: Mutex<Refetch>,
    /// Counts the fetches that are over.
    over: watch::Sender<u64>,
}

impl Issuer {
    /// Begins to fetch, and doesn't wait for it.
    pub(super) fn new(source: Source) -> Self {
        let shared = Arc::new(Shared {
            known: Live::new(None),
            refetch: Mutex::default(),
            over: watch::Sender::new(0),
        });
        // One that is there is as good as two.
        let (wake, woken) = sync_channel(1);
        shared.refetch.lock().begin(Instant::now());
        let keeper = Keeper { shared: Arc::clone(&shared), source, text: None, trouble: None };
        let started =
            thread::Builder::new().name("issuer".into()).spawn(move || keeper.run(&woken));
        if let Err(error) = started {
            // Then no key is ever known, and nobody gets in.
            tracing::error!(%error, "the issuer's keys can't be fetched: there is no thread for it");
            shared.refetch.lock().ended();
        }
        Self { shared, wake }
    }

    /// The keys that are known, if any are.
    pub(super) fn known(&self) -> impl Deref<Target = Arc<Option<KnownKeys>>> {
        self.shared.known.load()
    }

    /// Waits for keys that may be newer than those that are known, if that isn't asked too much.
    pub(super) async fn ask(&self) {
        let known = self.known().is_some();
        let (asked, mut over) = {
            let mut refetch = self.shared.refetch.lock();
            (refetch.ask(Instant::now(), known), self.shared.over.subscribe())
        };
        match asked {
            Asked::Enough => return,
            // The channel is full if a fetch is about to begin anyhow.
            Asked::Begin => drop(self.wake.try_send(())),
            Asked::Running => {}
        }
        // Whether it is over by then or not: what is known then has to do.
        let _ = timeout(PATIENCE, over.changed()).await;
    }
}

/// Fetches, on a thread of its own.
struct Keeper {
    shared: Arc<Shared>,
    source: Source,
    /// The keys' text, as it was fetched last.
    text: Option<Vec<u8>>,
    /// What was wrong the last time.
    trouble: Option<String>,
}

impl Keeper {
    fn run(mut self, woken: &Receiver<()>) {
        let fetcher = Fetcher::new(&self.source);
        loop {
            self.shared.refetch.lock().begin(Instant::now());
            match fetcher.fetch().and_then(|text| self.take(text)) {
                Ok(()) => self.trouble = None,
                Err(error) => self.complain(error),
            }
            self.end();
            let known = self.shared.known.load().is_some();
            let wait = match &self.source {
                Source::File(_) => LOOK,
                Source::Url(_) => self.shared.refetch.lock().wait(Instant::now(), known),
            };
            if woken.recv_timeout(wait) == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    /// A fetch is over, which is told under the lock: who waits has asked under it.
    fn end(&self) {
        let mut refetch = self.shared.refetch.lock();
        refetch.ended();
        self.shared.over.send_modify(|fetches| *fetches += 1);
    }

    /// Has tokens checked by these keys, if they are others.
    fn take(&mut self, text: Vec<u8>) -> Result<(), String> {
        if self.text.as_ref() == Some(&text) {
            return Ok(());
        }
        let keys = Keys::of_set(&text).map_err(|error| error.to_string())?;
        tracing::info!(source = %self.source, keys = keys.len(), "the issuer's keys are known");
        self.shared.known.set(Some(KnownKeys::new(keys)));
        self.text = Some(text);
        Ok(())
    }

    /// Says what is wrong, once.
    fn complain(&mut self, error: String) {
        if self.trouble.as_ref() == Some(&error) {
            return;
        }
        let source = &self.source;
        match self.text {
            Some(_) => tracing::warn!(%source, %error, "the issuer's keys stay as they were"),
            None => {
                tracing::warn!(%source, %error, "the issuer's keys aren't known: its tokens are refused until they are")
            }
        }
        self.trouble = Some(error);
    }
}
