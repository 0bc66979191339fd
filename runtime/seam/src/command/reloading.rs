//! The config of a unit's process, as it is taken anew while the process runs.
//!
//! A child of `up` is given it. A unit that was started by `run` reads the file itself: when it has
//! changed, when it is asked to, and on SIGHUP.

use std::{path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::sleep;

use super::{
    Unit,
    centre::{self, Recorder, Wanted},
    control::{Configured, Mistake, Refusal},
    logs::Level,
    watch::FileWatch,
};
use crate::{
    config::{Config, Files, Problems, Source},
    unit::Taken,
};

/// How a text becomes a config that has passed every check.
pub(super) type Parse = Box<dyn Fn(&Source) -> Result<Config, Problems> + Send + Sync>;

/// The config of a unit that runs.
pub(super) struct Reloading<U> {
    unit: Arc<U>,
    files: Files,
    parse: Parse,
    recorder: Recorder,
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
    pub(super) files: Files,
    pub(super) source: Source,
    pub(super) config: Config,
    pub(super) parse: Parse,
    pub(super) recorder: Recorder,
    pub(super) level: Level,
    pub(super) of_up: bool,
}

impl<U: Unit> Reloading<U> {
    pub(super) fn new(unit: Arc<U>, beginning: Beginning) -> Self {
        let Beginning { files, source, config, parse, recorder, level, of_up } = beginning;
        if !of_up {
            recorder(&source, centre::START);
        }
        let taken = Taken { version: config.version().to_owned(), ..Taken::default() };
        let accepted = Mutex::new(Accepted { source, began: config, taken });
        let one = tokio::sync::Mutex::default();
        Self { unit, files, parse, recorder, level, of_up, accepted, one }
    }

    /// Takes the file whenever it has changed, and at each of `hangups`, and takes back what was set for a
    /// time; says in the log what is wrong. Never done.
    pub(super) async fn watch(&self, mut hangups: tokio::sync::watch::Receiver<u64>) {
        if self.of_up {
            return std::future::pending().await;
        }
        let source = self.accepted.lock().source.clone();
        let mut file = FileWatch::new(self.files.clone(), source);
        loop {
            let read = tokio::select! {
                read = file.changed() => read.map(Wanted::Files),
                Ok(()) = hangups.changed() => self.files.read().map(Wanted::Files),
                () = centre::overdue(|| self.source().set) => {
                    for own in centre::take_back(&self.data()).await {
                        tracing::info!(key = own.key, unit = own.unit, "taken back: its time is over");
                    }
                    Ok(Wanted::Settings)
                }
            };
            let taken = match read {
                Ok(wanted) => self.accept(wanted).await,
                Err(problems) => Err(problems.into()),
            };
            if let Err(Refusal::Invalid(mistakes)) = taken {
                for Mistake { text, .. } in mistakes {
                    tracing::error!("{text}");
                }
                tracing::error!("the config isn't taken: nothing changes");
                sleep(centre::AGAIN).await;
            }
        }
    }

    /// Where what is set is kept.
    fn data(&self) -> PathBuf {
        self.accepted.lock().began.app.data.clone()
    }

    /// Both steps.
    async fn accept(&self, wanted: Wanted) -> Result<Taken, Refusal> {
        let mut taken = self.first(wanted).await?;
        taken.failed.extend(self.unit.settle().await);
        Ok(taken)
    }

    async fn first(&self, wanted: Wanted) -> Result<Taken, Refusal> {
        let _one = self.one.lock().await;
        let (source, began) = {
            let accepted = self.accepted.lock();
            let source = wanted.beside(&accepted.source, &accepted.began.app.data)?;
            if accepted.source == source {
                return Ok(accepted.taken.clone());
            }
            (source, accepted.began.clone())
        };
        let config = (self.parse)(&source)?;
        let fixed: Problems = began.unchangeable(&config).into_iter().collect();
        if !fixed.is_empty() {
            return Err(fixed.into());
        }
        self.level.take(&config.log);
        let taken = self.unit.take(&config).await;
        if !self.of_up {
            (self.recorder)(&source, centre::FILE);
        }
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
        Box::pin(self.first(Wanted::All(source)))
    }

    fn settle(&self) -> BoxFuture<'_, Vec<String>> {
        Box::pin(self.unit.settle())
    }

    fn reload(&self) -> BoxFuture<'_, Result<Taken, Refusal>> {
        Box::pin(async {
            if self.of_up {
                return Err(Refusal::OfUp);
            }
            self.accept(Wanted::Files(self.files.read()?)).await
        })
    }

    fn settings(&self) -> BoxFuture<'_, Result<Taken, Refusal>> {
        Box::pin(async {
            if self.of_up {
                return Err(Refusal::OfUp);
            }
            self.accept(Wanted::Settings).await
        })
    }
}
