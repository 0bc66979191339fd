//! The config of a unit's process, as it is taken anew while the process runs.
//!
//! A child of `up` is given it. A unit that was started by `run` reads the file itself: when it has
//! changed, when it is asked to, and on SIGHUP.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;

use super::{
    Unit,
    control::{Configured, Mistake, Refusal},
    logs::Level,
    watch::FileWatch,
};
use crate::{
    config::{Config, Problems, Source},
    unit::Taken,
};

/// How a text becomes a config that has passed every check.
pub(super) type Parse = Box<dyn Fn(&Source) -> Result<Config, Problems> + Send + Sync>;

/// The config of a unit that runs.
pub(super) struct Reloading<U> {
    unit: Arc<U>,
    file: Option<PathBuf>,
    parse: Parse,
    level: Level,
    /// Whether `up` reads the file.
    of_up: bool,
    accepted: Mutex<Accepted>,
    /// Held while another config is taken: one at a time.
    one: tokio::sync::Mutex<()>,
}

/// What was accepted last.
struct Accepted {
    source: Source,
    /// The config that the process began with.
    began: Config,
    taken: Taken,
}

/// What a process begins with.
pub(super) struct Beginning {
    pub(super) file: Option<PathBuf>,
    pub(super) source: Source,
    pub(super) config: Config,
    pub(super) parse: Parse,
    pub(super) level: Level,
    pub(super) of_up: bool,
}

impl<U: Unit> Reloading<U> {
    pub(super) fn new(unit: Arc<U>, beginning: Beginning) -> Self {
        let Beginning { file, source, config, parse, level, of_up } = beginning;
        let taken = Taken { version: config.version().to_owned(), ..Taken::default() };
        let accepted = Mutex::new(Accepted { source, began: config, taken });
        Self { unit, file, parse, level, of_up, accepted, one: tokio::sync::Mutex::default() }
    }

    /// Takes the file whenever it has changed, and at each of `hangups`; says in the log what is wrong.
    /// Never done.
    pub(super) async fn watch(&self, mut hangups: tokio::sync::watch::Receiver<u64>) {
        if self.of_up {
            return std::future::pending().await;
        }
        let source = self.accepted.lock().source.clone();
        let mut file = FileWatch::new(self.file.clone(), source);
        loop {
            let read = tokio::select! {
                read = file.changed() => read,
                Ok(()) = hangups.changed() => Source::read(self.file.as_deref()),
            };
            let taken = match read {
                Ok(source) => self.accept(source).await,
                Err(problems) => Err(problems.into()),
            };
            if let Err(Refusal::Invalid(mistakes)) = taken {
                for Mistake { text, .. } in mistakes {
                    tracing::error!("{text}");
                }
                tracing::error!("the config isn't taken: nothing changes");
            }
        }
    }

    /// Both steps.
    async fn accept(&self, source: Source) -> Result<Taken, Refusal> {
        let mut taken = self.first(source).await?;
        taken.failed.extend(self.unit.settle().await);
        Ok(taken)
    }

    async fn first(&self, source: Source) -> Result<Taken, Refusal> {
        let _one = self.one.lock().await;
        let began = {
            let accepted = self.accepted.lock();
            if accepted.source.text == source.text {
                return Ok(accepted.taken.clone());
            }
            accepted.began.clone()
        };
        let config = (self.parse)(&source)?;
        let fixed: Problems = began.unchangeable(&config).into_iter().collect();
        if !fixed.is_empty() {
            return Err(fixed.into());
        }
        self.level.set(&config.log.level);
        let taken = self.unit.take(&config).await;
        let mut accepted = self.accepted.lock();
        accepted.source = source;
        // What fails now may not fail for whom asks again.
        accepted.taken = Taken { failed: Vec::new(), ..taken.clone() };
        Ok(taken)
    }
}

impl<U: Unit> Configured for Reloading<U> {
    fn source(&self) -> Source {
        self.accepted.lock().source.clone()
    }

    fn take(&self, source: Source) -> BoxFuture<'_, Result<Taken, Refusal>> {
        Box::pin(self.first(source))
    }

    fn settle(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(self.unit.settle())
    }

    fn reload(&self) -> BoxFuture<'_, Result<Taken, Refusal>> {
        Box::pin(async {
            if self.of_up {
                return Err(Refusal::OfUp);
            }
            self.accept(Source::read(self.file.as_deref())?).await
        })
    }
}
