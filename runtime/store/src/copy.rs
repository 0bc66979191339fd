//! All rows of one engine, brought to another.

use std::{ops::Range, sync::Arc};

use thiserror::Error;
use tokio::sync::oneshot;

use crate::{
    OpenError, StoreError, Transaction,
    codec::{Part, successor},
    engine::{Engine, Job, Observer, Scan, Verdict, Writes},
    transaction::Write,
};

/// How many rows are read at a time, and after how many bytes they are written.
const ROWS: usize = 256;
const BYTES: usize = 4 * 1024 * 1024;

/// Why rows weren't copied, or not all. The engine that they are of has them still.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CopyError {
    /// One of the two can't be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of the two failed. Copying again begins anew.
    #[error("the copy isn't whole: {0}. Copy again: it begins anew")]
    Store(#[from] StoreError),
    /// There are rows where they are to go, and not of a copy that was cut off.
    #[error("there are {rows} rows already where they are to go: copy to an empty database")]
    NotEmpty {
        /// How many.
        rows: u64,
    },
    /// Somebody wrote meanwhile: stop the app, and copy again.
    #[error("{from} rows were to be copied, and {to} are there: stop the app, and copy again")]
    Differs {
        /// How many there are to copy.
        from: u64,
        /// How many were found afterwards.
        to: u64,
    },
}

/// Copies all rows of an engine to another, which must be empty, and counts them there. Opens both,
/// and closes them. `progress` is told how many rows were copied, of how many.
///
/// A copy that was cut off leaves a mark, by which nobody takes it for whole: opening a store on it
/// is refused, and copying again begins anew. How many rows there are is answered.
///
/// # Errors
/// See [`CopyError`].
pub async fn copy(
    from: &dyn Engine,
    to: &dyn Engine,
    progress: impl FnMut(u64, u64),
) -> Result<u64, CopyError> {
    from.open(Arc::new(Nobody)).await?;
    if let Err(error) = to.open(Arc::new(Nobody)).await {
        from.close().await?;
        return Err(error.into());
    }
    let copied = copy_open(from, to, progress).await;
    let (closed_from, closed_to) = (from.close().await, to.close().await);
    let copied = copied?;
    closed_from.and(closed_to)?;
    Ok(copied)
}

/// Whether a copy to this engine was begun and not ended.
pub(crate) async fn is_unfinished(engine: &dyn Engine) -> Result<bool, StoreError> {
    Ok(engine.get(vec![mark()]).await?.pop().flatten().is_some())
}

async fn copy_open(
    from: &dyn Engine,
    to: &dyn Engine,
    mut progress: impl FnMut(u64, u64),
) -> Result<u64, CopyError> {
    if is_unfinished(to).await? {
        clear(to).await?;
    }
    let rows = to.count(all()).await?;
    if rows > 0 {
        return Err(CopyError::NotEmpty { rows });
    }
    let total = from.count(all()).await?;
    write(to, vec![(mark(), Some(Vec::new()))]).await?;
    let (mut range, mut copied) = (all(), 0);
    let (mut waiting, mut bytes) = (Vec::new(), 0);
    loop {
        progress(copied, total);
        let rows = from.scan(Scan { take: ROWS, ..Scan::of(range.clone()) }).await?;
        let Some((last, _)) = rows.last() else { break };
        range.start = successor(last.clone());
        copied += rows.len() as u64;
        for (key, value) in rows {
            bytes += key.len() + value.len();
            waiting.push((key, Some(value)));
            if bytes > BYTES {
                write(to, std::mem::take(&mut waiting)).await?;
                bytes = 0;
            }
        }
    }
    write(to, waiting).await?;
    let (before, after) = (from.count(all()).await?, to.count(all()).await?);
    if before != copied || after != copied {
        return Err(CopyError::Differs { from: before, to: after });
    }
    write(to, vec![(mark(), None)]).await?;
    Ok(copied)
}

async fn clear(engine: &dyn Engine) -> Result<(), StoreError> {
    loop {
        let rows = engine.scan(Scan { take: ROWS, ..Scan::of(all()) }).await?;
        if rows.is_empty() {
            return Ok(());
        }
        write(engine, rows.into_iter().map(|(key, _)| (key, None)).collect()).await?;
    }
}

/// Everything but the engines' own bookkeeping.
fn all() -> Range<Vec<u8>> {
    vec![Part::Own as u8 + 1]..vec![u8::MAX]
}

fn mark() -> Vec<u8> {
    [&[Part::Own as u8], b"copying".as_slice()].concat()
}

async fn write(engine: &dyn Engine, rows: Vec<(Vec<u8>, Write)>) -> Result<(), StoreError> {
    let (answer, answered) = oneshot::channel();
    let run = move |transaction: Result<&mut Transaction, StoreError>| {
        let written = transaction.and_then(|transaction| transaction.write_all(rows));
        let commit = written.is_ok();
        let settle = move |durable: Result<(), StoreError>| {
            // Who asked may have gone away meanwhile.
            let _ = answer.send(written.and(durable));
        };
        Verdict { commit, settle: Box::new(settle) }
    };
    engine.commit(Job { store: 0, run: Box::new(run) }).await?;
    let lost = || StoreError::Unknown { cause: "the writer ended without an answer".into() };
    answered.await.unwrap_or_else(|_| Err(lost()))
}

/// Nothing is kept in memory.
struct Nobody;

impl Observer for Nobody {
    fn applying(&self, _: &Writes) {}

    fn settled(&self, _: &Writes, _: &Result<(), StoreError>) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keys, Memory, Sled, Store, StoreOptions, Table, engine::Fault};

    const ROWS: u64 = 1000;

    async fn filled() -> Memory {
        let memory = Memory::new();
        let store = Store::open_on(memory.clone(), StoreOptions::default()).unwrap();
        let table: Table<u64, Vec<u8>> = store.table("rows").unwrap();
        let index = table.index("by_size", |_, row| row.len()).unwrap();
        for step in 0..10 {
            let table = table.clone();
            let fill = store.transaction(move |tx| {
                (0..ROWS / 10).try_for_each(|row| {
                    let id = tx.next_id(&table)?;
                    tx.insert(&table, &id, &vec![7; usize::try_from(row * step).unwrap()])
                })
            });
            fill.await.unwrap();
        }
        drop(index);
        memory
    }

    async fn check(store: Store) {
        let table: Table<u64, Vec<u8>> = store.table("rows").unwrap();
        assert_eq!(table.count().await, Ok(ROWS));
        assert_eq!(table.scan(Keys::all()).await.unwrap().len() as u64, ROWS);
        let index = table.index("by_size", |_, row| row.len()).unwrap();
        assert_eq!(index.count_in(Keys::all()).await, Ok(ROWS));
        let inside = table.clone();
        assert_eq!(store.transaction(move |tx| tx.next_id(&inside)).await, Ok(ROWS + 1));
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_copy_is_whole_and_goes_to_an_empty_database_alone() {
        let (memory, folder) = (filled().await, tempfile::tempdir().unwrap());
        let path = folder.path().join("copy");
        let mut told = Vec::new();
        let copied = copy(&memory, &Sled::new(&path), |rows, of| told.push((rows, of))).await;
        let copied = copied.unwrap();
        assert_eq!((told[0], told.last()), ((0, copied), Some(&(copied, copied))));
        assert!(told.is_sorted() && copied > 2 * ROWS);
        check(Store::open(&path).unwrap()).await;
        let again = copy(&memory, &Sled::new(&path), |_, _| {}).await.unwrap_err();
        assert!(matches!(again, CopyError::NotEmpty { .. }), "{again}");
    }

    #[tokio::test]
    async fn a_copy_that_was_cut_off_is_none_and_begins_anew() {
        let (from, to) = (filled().await, Memory::new());
        to.next([None, Some(Fault::Fail)]);
        let cut = copy(&from, &to, |_, _| {}).await.unwrap_err();
        assert!(matches!(cut, CopyError::Store(_)), "{cut}");
        let refused = Store::open_on(to.clone(), StoreOptions::default()).unwrap_err();
        assert!(matches!(refused, OpenError::Unfinished), "{refused}");
        copy(&from, &to, |_, _| {}).await.unwrap();
        check(Store::open_on(to, StoreOptions::default()).unwrap()).await;
    }
}
