//! How far an engine has come, for those who wait for it.

use tokio::sync::watch;

use crate::StoreError;

/// A try to apply a group of transactions. Counts up, whatever comes of it.
pub(crate) type Attempt = u64;

/// What readers and the closing handle wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    /// Up to this attempt it is known what came of them.
    pub(crate) settled: Attempt,
    /// The last of them that wasn't applied in the end.
    pub(crate) failed: Attempt,
    /// Why nothing more will be settled.
    pub(crate) poisoned: Option<StoreError>,
    /// The files are closed and the lock is released.
    pub(crate) closed: bool,
}

/// What a read found must be durable before anybody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Durable {
    /// It is.
    Yes,
    /// It came to nothing, maybe: read again.
    Again,
}

/// Waits until it is known what came of an attempt.
pub(crate) async fn settled(
    mut progress: watch::Receiver<Progress>,
    attempt: Attempt,
) -> Result<Durable, StoreError> {
    let reached = |now: &Progress| now.settled >= attempt || now.poisoned.is_some();
    let now = progress.wait_for(reached).await.map_err(|_| StoreError::Closed)?;
    if now.settled < attempt {
        return now.poisoned.clone().map_or(Ok(Durable::Again), Err);
    }
    Ok(if now.failed >= attempt { Durable::Again } else { Durable::Yes })
}

/// Waits until everything is closed.
pub(crate) async fn closed(mut progress: watch::Receiver<Progress>) -> Result<(), StoreError> {
    let end = progress.wait_for(|progress| progress.closed).await;
    let end = end.map_err(|_| StoreError::Closed)?;
    end.poisoned.clone().map_or(Ok(()), Err)
}
