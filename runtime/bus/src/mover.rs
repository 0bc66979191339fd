//! How events get from a service's outbox to its log.

use std::convert::Infallible;
use std::time::Duration;

use seam_log::{Log, LogError};
use seam_store::StoreError;
use tokio::time::sleep;

use crate::outbox::Outbox;

/// So many events are moved at once, so that whoever publishes many at once doesn't get ahead.
const MANY: usize = 2_048;
/// Who publishes so many while the ones before are moved ...
const BUSY: usize = 64;
/// ... has the next ones gathered for so long, for each move takes a sync of the log and one of the store.
const GATHER: Duration = Duration::from_millis(4);

/// Why events aren't moved: those that are in the outbox stay there.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The service's store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Moves what is in the outbox, and what gets there, in its order. It ends by a failure alone, and may
/// be begun anew then, or dropped, at any point: what is in the log and still in the outbox is moved once
/// more, and the log passes over it.
///
/// # Errors
/// [`MoveError`], at the first failure.
pub async fn mover(outbox: &Outbox, log: &Log) -> Result<Infallible, MoveError> {
    loop {
        let grown = outbox.grown();
        let mut out = outbox.first(MANY).await?;
        let events = std::mem::take(&mut out.events);
        let Some((last, _)) = events.last() else {
            grown.await;
            continue;
        };
        let (last, is_busy) = (*last, (BUSY..MANY).contains(&events.len()));
        let rows = events.into_iter().map(|(position, record)| record.kept(position));
        log.append(rows.collect()).await?;
        outbox.remove(&out, last).await?;
        if is_busy {
            sleep(GATHER).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use seam_log::LogOptions;
    use seam_store::Store;

    use super::*;
    use crate::record::Record;

    fn record(number: u64) -> Record {
        Record {
            topic: "order.paid".into(),
            version: 1,
            key: (number % 7).to_be_bytes().into(),
            at: number,
            trace: Box::default(),
            body: number.to_string().into_bytes().into(),
        }
    }

    async fn publish(store: &Store, outbox: &Outbox, numbers: std::ops::RangeInclusive<u64>) {
        for number in numbers {
            let outbox = outbox.clone();
            let published = store.transaction(move |tx| outbox.put(tx, &record(number)));
            assert_eq!(published.await.unwrap(), number);
        }
    }

    /// Each within its limit, and all of them beyond what a log takes at once.
    #[tokio::test]
    async fn many_large_events_get_there_too() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        let log = Log::open(folder.path(), LogOptions::default()).unwrap();
        let body: Box<[u8]> = vec![b'x'; crate::record::MAX_BODY].into();
        for number in 1..=200 {
            let (outbox, large) = (outbox.clone(), Record { body: body.clone(), ..record(number) });
            store.transaction(move |tx| outbox.put(tx, &large)).await.unwrap();
        }
        tokio::select! {
            Err(failed) = mover(&outbox, &log) => panic!("{failed}"),
            grown = log.grown(199) => assert_eq!(grown.unwrap(), 200),
        }
        log.close().await.unwrap();
    }

    #[tokio::test]
    async fn each_event_gets_there_once_however_often_it_is_moved() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::in_memory();
        let outbox = Outbox::open(&store).unwrap();
        let log = Log::open(folder.path(), LogOptions::default()).unwrap();
        publish(&store, &outbox, 1..=5).await;
        // A mover that was killed before it had removed them.
        let rows = outbox.from(1, 3).await.unwrap();
        let rows = rows.into_iter().map(|(position, record)| record.kept(position));
        log.append(rows.collect()).await.unwrap();
        let moving = async {
            let failed = mover(&outbox, &log).await.unwrap_err();
            panic!("{failed}");
        };
        let publishing = async {
            publish(&store, &outbox, 6..=700).await;
            log.grown(699).await.unwrap();
            while !outbox.first(1).await.unwrap().events.is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = moving => {}
            () = publishing => {}
        }
        let read = log.read(1, 1_000, 1 << 20).await.unwrap();
        let bodies: Vec<_> = read.records.iter().map(|one| one.body.clone()).collect();
        assert_eq!(bodies, (1..=700).map(|n| n.to_string().into_bytes()).collect::<Vec<_>>());
        log.close().await.unwrap();
    }
}
