//! The streams of events that a service is handed.

use std::sync::Arc;

use seam_bus::broker::Carried;
use seam_bus::intake::Position;
use seam_bus::subscription::{ByCall, Deliver, Driver, Kept, Progress, Source, Stream};
use seam_core::actor::StartError;
use seam_store::{Store, StoreError};
use tokio::sync::{mpsc, watch};

use super::{Messaging, Running};

/// A stream, and where its events come from.
pub(super) type Sourced = (Stream, Arc<dyn Source>);

/// A stream that is driven.
#[derive(Clone)]
pub(super) struct RunningStream {
    pub(super) stream: Stream,
    pub(super) kept: Kept,
    pub(super) progress: watch::Receiver<Progress>,
    pub(super) revived: mpsc::Sender<Position>,
}

impl Messaging {
    /// Takes up all streams, those included that are handed over once more.
    pub(super) async fn begin_streams(
        &self,
        store: &Store,
        running: &mut Running,
    ) -> Result<(), StartError> {
        for (stream, source) in self.sources(store)? {
            self.begin_stream(store, running, (stream, source), 1).await?;
        }
        for (name, cursor) in Kept::streams(store).await? {
            if let Some(replay) = self.replay_of(&name) {
                self.begin_stream(store, running, replay, cursor + 1).await?;
            }
        }
        Ok(())
    }

    /// Where new events come from.
    fn sources(&self, store: &Store) -> Result<Vec<Sourced>, StoreError> {
        let (service, streams) = (self.plan.service.name(), self.plan.streams.clone());
        let Some(broker) = &self.plan.broker else { return Ok(streams) };
        let (streams, logs): (Vec<_>, Vec<_>) = streams.into_iter().unzip();
        let carried = Carried::all(&**broker, store, service, (&streams, logs))?;
        let sources = carried.into_iter().map(|source| Arc::new(source) as Arc<dyn Source>);
        Ok(streams.into_iter().zip(sources).collect())
    }

    /// Takes a stream up, or begins it `from` there.
    pub(super) async fn begin_stream(
        &self,
        store: &Store,
        running: &mut Running,
        (stream, source): Sourced,
        from: Position,
    ) -> Result<(), StoreError> {
        let kept = Kept::open(store, &stream.name)?;
        let to: Arc<dyn Deliver> = Arc::new(ByCall(Arc::clone(&self.plan.client)));
        let settings = self.plan.settings.clone();
        let driver =
            Driver::open(stream.clone(), kept.clone(), (source, to), settings, from).await?;
        let progress = driver.progress();
        let (revived, revive) = mpsc::channel(64);
        let stopped = running.stop.subscribe();
        let (own, name) = (kept.clone(), stream.name.clone());
        running.tasks.push(self.plan.home.spawn(async move {
            if driver.run(stopped, revive).await {
                let forgotten = own.store().clone().transaction(move |tx| own.forget(tx));
                match forgotten.await {
                    Ok(()) => tracing::info!(stream = name, "everything was handed over once more"),
                    // It is found to be over once more.
                    Err(error) => tracing::warn!(stream = name, %error, "a replay isn't forgotten"),
                }
            }
        }));
        self.streams.lock().push(RunningStream { stream, kept, progress, revived });
        Ok(())
    }
}
