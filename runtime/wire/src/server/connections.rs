//! The connections of a listener: how many there are, and which of them has yet to say hello.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use rustix::process::geteuid;
use tokio::task::{AbortHandle, JoinSet};
use tracing::field::display;

use super::MAX_HANDSHAKES;
use super::connection::{Connection, Shared};
use crate::closed::Closed;
use crate::net::{Peer, PeerIdentity, Refusal, Stream};

pub(super) struct Connections {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    /// Who hadn't said hello when last looked at, the oldest first.
    silent: VecDeque<Silent>,
}

struct Silent {
    greeted: Arc<AtomicBool>,
    task: AbortHandle,
    peer: Arc<Peer>,
}

impl Silent {
    fn is_done(&self) -> bool {
        self.greeted.load(Ordering::Acquire) || self.task.is_finished()
    }
}

impl Connections {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, tasks: JoinSet::new(), silent: VecDeque::new() }
    }

    pub(super) fn serve(&mut self, stream: Stream, peer: Peer) {
        if let Some(refusal) = other_user(&peer) {
            let (peer, reason) = (peer.address, refusal);
            tracing::warn!(peer, %reason, "connection refused");
            return;
        }
        let most = self.shared.connections;
        if self.tasks.len() >= most {
            tracing::warn!(peer = peer.address, "connection refused: there are {most} already");
            return;
        }
        self.silent.retain(|silent| !silent.is_done());
        if self.silent.len() >= MAX_HANDSHAKES
            && let Some(oldest) = self.silent.pop_front()
        {
            let peer = oldest.peer;
            tracing::warn!(
                peer = peer.address,
                "connection closed: no hello yet, and others are waiting"
            );
            oldest.task.abort();
        }
        let peer = Arc::new(peer);
        let greeted = Arc::new(AtomicBool::new(false));
        let shared = Arc::clone(&self.shared);
        let made = Connection::new(shared, stream, Arc::clone(&peer), Arc::clone(&greeted));
        let connection = match made {
            Ok(connection) => connection,
            Err(error) => return report(&peer, &error.into()),
        };
        let who = Arc::clone(&peer);
        let task = self.tasks.spawn(async move {
            let closed = connection.run().await;
            report(&who, &closed);
        });
        self.silent.push_back(Silent { greeted, task, peer });
    }

    /// Ready when a connection has ended.
    pub(super) fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match ready!(self.tasks.poll_join_next(cx)) {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(%error, "a connection ended in a panic: please report this");
                Poll::Ready(())
            }
            Some(_) => Poll::Ready(()),
            None => Poll::Pending,
        }
    }

    /// Waits for the last connection to end.
    pub(super) async fn ended(mut self) {
        while poll_fn(|cx| self.tasks.poll_join_next(cx)).await.is_some() {}
    }
}

/// A Unix socket is its user's alone, whatever the rights on its file say.
fn other_user(peer: &Peer) -> Option<Refusal> {
    match peer.identity {
        Some(PeerIdentity::Process { uid, .. }) if uid != geteuid().as_raw() => {
            Some(Refusal::OtherUser { uid })
        }
        _ => None,
    }
}

fn report(peer: &Peer, closed: &Closed) {
    let (address, identity) = (&peer.address, peer.identity.as_ref().map(display));
    if closed.is_hostile() {
        tracing::warn!(peer = address, identity, reason = %closed, "connection closed");
    } else {
        tracing::info!(peer = address, identity, reason = %closed, "connection closed");
    }
}
