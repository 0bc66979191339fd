//! The connections that reads share, redialled as they break.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Handle,
    sync::watch,
    time::{sleep, timeout},
};

use super::{failure::Failure, session::Session, settings::Settings};
use crate::StoreError;

/// Connections per store. Several reads wait on one at once, so a few do.
const CONNECTIONS: usize = 2;

/// Between one try to connect and the next, the first time and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How long a read waits for a connection that is being made.
const PATIENCE: Duration = Duration::from_secs(5);

/// Clones are handles on the same.
#[derive(Debug, Clone)]
pub(super) struct Pool(watch::Sender<State>);

#[derive(Debug, Default)]
struct State {
    sessions: [Option<Arc<Session>>; CONNECTIONS],
    /// Why there is none, once that was tried.
    away: Option<String>,
}

/// A read, asked of one connection, and of another if that breaks.
pub(super) type Ask<'a, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'a>>;

impl Pool {
    /// Connects, and again whenever that is needed, for as long as the runtime runs.
    pub(super) fn start(settings: &Arc<Settings>, runtime: &Handle) -> Self {
        let pool = Self(watch::Sender::new(State::default()));
        for number in 0..CONNECTIONS {
            runtime.spawn(pool.clone().keep(number, Arc::clone(settings)));
        }
        pool
    }

    /// Why nothing can be read now, if nothing can.
    pub(super) fn away(&self) -> Option<String> {
        let state = self.0.borrow();
        state.best().map_or_else(|| state.away.clone(), |_| None)
    }

    /// Asks a connection that is there. One that breaks while it is asked says nothing of the
    /// next: what only reads may be asked again.
    pub(super) async fn read<T>(
        &self,
        ask: impl for<'a> Fn(&'a Session) -> Ask<'a, T>,
    ) -> Result<T, StoreError> {
        let mut again = true;
        loop {
            let session = self.session().await?;
            match ask(&session).await {
                Ok(value) => return Ok(value),
                Err(failure) if !failure.broken => return Err(failure.error),
                Err(failure) => {
                    let silent = session.is_alive();
                    session.cut();
                    // One that hung has cost its time already.
                    if silent || !again {
                        return Err(failure.error);
                    }
                    again = false;
                }
            }
        }
    }

    async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut state = self.0.subscribe();
        let known = |state: &State| state.best().is_some() || state.away.is_some();
        let Ok(Ok(state)) = timeout(PATIENCE, state.wait_for(known)).await else {
            let cause = format!("no connection within {} s", PATIENCE.as_secs());
            return Err(StoreError::Away { cause });
        };
        match (state.best(), &state.away) {
            (Some(session), _) => Ok(Arc::clone(session)),
            (None, cause) => Err(StoreError::Away { cause: cause.clone().unwrap_or_default() }),
        }
    }

    /// Keeps one of the connections.
    async fn keep(self, number: usize, settings: Arc<Settings>) {
        let mut pause = PAUSE.0;
        loop {
            let begun = Instant::now();
            match Session::dial(&settings).await {
                Ok((session, ended)) => {
                    self.0.send_modify(|state| {
                        if state.away.take().is_some() {
                            tracing::info!(database = %settings, "the database is back");
                        }
                        state.set(number, Some(Arc::new(session)));
                    });
                    let failure = ended.await.ok().flatten();
                    tracing::debug!(database = %settings, ?failure, "a connection ended");
                    self.0.send_modify(|state| state.set(number, None));
                    // One that ends as soon as it is made isn't made again at once.
                    if begun.elapsed() > PAUSE.1 {
                        pause = PAUSE.0;
                    }
                }
                Err(failure) => self.0.send_modify(|state| {
                    let cause = match failure.error {
                        StoreError::Away { cause } => cause,
                        other => other.to_string(),
                    };
                    if state.best().is_none() && state.away.is_none() {
                        tracing::warn!(database = %settings, cause, "the database is away");
                    }
                    state.away = Some(cause);
                }),
            }
            sleep(pause).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }
}

impl State {
    /// The connection that the fewest wait for.
    fn best(&self) -> Option<&Arc<Session>> {
        let alive = self.sessions.iter().flatten().filter(|session| session.is_alive());
        alive.min_by_key(|session| Arc::strong_count(session))
    }

    fn set(&mut self, number: usize, session: Option<Arc<Session>>) {
        if let Some(slot) = self.sessions.get_mut(number) {
            *slot = session;
        }
    }
}
