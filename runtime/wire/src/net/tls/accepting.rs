//! A listener whose streams have shown their certificates before anybody hears of them.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio_rustls::TlsAcceptor;

use super::Tls;
use crate::net::transport::{Accepting, Opening, Stream};
use crate::net::{Address, Peer, PeerIdentity, Refusal};

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Handshakes under way; beyond so many, the oldest of them makes room.
const MOST: usize = 64;

pub(super) struct TlsAccepting {
    inner: Box<dyn Accepting>,
    tls: Tls,
    /// The oldest first.
    handshakes: VecDeque<Handshake>,
}

struct Handshake {
    from: String,
    done: Opening<(Stream, Peer)>,
}

impl TlsAccepting {
    pub(super) fn new(inner: Box<dyn Accepting>, tls: Tls) -> Self {
        Self { inner, tls, handshakes: VecDeque::new() }
    }

    fn begin(&mut self, stream: Stream, peer: Peer) {
        if self.handshakes.len() >= MOST
            && let Some(oldest) = self.handshakes.pop_front()
        {
            let peer = oldest.from;
            tracing::warn!(peer, "connection closed: no certificate yet, and others are waiting");
        }
        let from = peer.address.clone();
        let done = Box::pin(shake(self.tls.clone(), stream, peer.address));
        self.handshakes.push_back(Handshake { from, done });
    }

    /// The next who is done; who failed is told of in the log.
    fn poll_handshakes(&mut self, cx: &mut Context<'_>) -> Option<(Stream, Peer)> {
        let mut place = 0;
        while let Some(handshake) = self.handshakes.get_mut(place) {
            let Poll::Ready(done) = handshake.done.as_mut().poll(cx) else {
                place += 1;
                continue;
            };
            let from = self.handshakes.remove(place).map(|done| done.from);
            match done {
                Ok(accepted) => return Some(accepted),
                Err(error) => refused(&from.unwrap_or_default(), &error),
            }
        }
        None
    }
}

fn refused(peer: &str, error: &io::Error) {
    match Refusal::of(error) {
        Some(reason) => tracing::warn!(peer, %reason, "connection refused"),
        None => tracing::warn!(peer, reason = %error, "connection refused: no TLS handshake"),
    }
}

async fn shake(tls: Tls, stream: Stream, address: String) -> io::Result<(Stream, Peer)> {
    let acceptor = TlsAcceptor::from(Arc::clone(&tls.current().accepts));
    let shaken = tokio::time::timeout(PATIENCE, acceptor.accept(stream)).await;
    let stream = shaken.map_err(|_| Refusal::TooSlow.into_io())??;
    let proved = tls.unit_of(stream.get_ref().1.peer_certificates());
    let unit = proved.map_err(Refusal::into_io)?;
    Ok((Box::new(stream), Peer::proved(address, PeerIdentity::Certificate { unit })))
}

impl Accepting for TlsAccepting {
    fn address(&self) -> &Address {
        self.inner.address()
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        loop {
            if let Some(accepted) = self.poll_handshakes(cx) {
                return Poll::Ready(Ok(accepted));
            }
            match self.inner.poll_accept(cx) {
                Poll::Ready(Ok((stream, peer))) => self.begin(stream, peer),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
