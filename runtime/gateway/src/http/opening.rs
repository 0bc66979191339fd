//! What comes before the first byte of HTTP on a connection, in this order: whether it is let in, what
//! a trusted proxy says of its client, TLS, and which version of HTTP is spoken. Each may take what a
//! head may.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use actix_rt::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::connections::{Connections, Phase, Ticket};
use super::proxy::{self, Said};
use super::socket::{Io, Socket};
use super::tls::{EdgeTls, H2};
use super::waits::{Timer, Wait, first_time};
use crate::request::is_trusted;
use crate::settings::{EdgeLimits, EdgeSettings};

/// What HTTP/2 begins with.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A connection that was let in, and whose it is.
pub(super) type Admitted = (TcpStream, Ticket, SocketAddr);

/// Lets a connection in, of a trusted proxy for the client that it speaks of.
///
/// # Errors
/// There are too many, or what the proxy says makes no sense.
pub(super) async fn admit(
    mut tcp: TcpStream,
    connections: &Arc<Connections>,
    EdgeSettings { limits, trusted, .. }: &EdgeSettings,
) -> io::Result<Admitted> {
    let address = tcp.peer_addr()?;
    let _ = tcp.set_nodelay(true);
    let too_many = |address: SocketAddr| {
        tracing::debug!(%address, "a connection too many is closed");
        io::Error::other("too many connections")
    };
    if !is_trusted(trusted, address.ip()) {
        let ticket = connections.admit(address.ip(), limits).ok_or_else(|| too_many(address))?;
        return Ok((tcp, ticket, address));
    }
    let ticket = connections.admit_proxy(address.ip(), limits);
    let mut ticket = ticket.ok_or_else(|| too_many(address))?;
    let is_over = || ticket.phase() == Phase::Closing;
    let said = proxy::read(&mut tcp, limits.head_time, is_over).await.inspect_err(|error| {
        tracing::debug!(%address, %error, "a connection without a PROXY header that is one");
    });
    match said? {
        Said::Nobody => Ok((tcp, ticket, address)),
        Said::Client(client) if ticket.belongs_to(client.ip(), limits) => Ok((tcp, ticket, client)),
        Said::Client(client) => Err(too_many(client)),
    }
}

/// How connections of one listener begin.
#[derive(Debug, Clone)]
pub(super) struct Door {
    /// With a handshake, if this is there.
    pub(super) tls: Option<EdgeTls>,
    /// Whether HTTP/2 may be spoken without TLS, by who knows that beforehand.
    pub(super) h2c: bool,
}

/// A connection on which HTTP begins.
pub(super) enum Opened {
    Http1 {
        io: Io,
        /// Nothing has come, and should have: it is told so, and left.
        late: bool,
    },
    Http2(Io),
}

impl Door {
    pub(super) fn new(address: SocketAddr, tls: Option<EdgeTls>) -> Self {
        let h2c = tls.is_none() && address.ip().is_loopback();
        Self { tls, h2c }
    }

    /// Opens a connection that was let in.
    ///
    /// # Errors
    /// It is broken, or there is no TLS on it in time.
    pub(super) async fn open(
        &self,
        tcp: TcpStream,
        limits: &EdgeLimits,
        ticket: &Ticket,
    ) -> io::Result<Opened> {
        let mut socket = Socket::new(tcp);
        if let Some(tls) = &self.tls {
            let accepting = TlsAcceptor::from(tls.server()).accept(socket);
            let accepted = within(limits, ticket, accepting).await;
            let io = accepted.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))?;
            let is_h2 = io.get_ref().1.alpn_protocol() == Some(H2);
            let io = Io::Tls(Box::new(io));
            return Ok(if is_h2 { Opened::Http2(io) } else { Opened::Http1 { io, late: false } });
        }
        if !self.h2c {
            return Ok(Opened::Http1 { io: Io::Plain(socket), late: false });
        }
        let looked = within(limits, ticket, socket.look(is_h2)).await;
        let late = looked.is_none();
        let is_h2 = looked.transpose()?.flatten().unwrap_or(false);
        let io = Io::Plain(socket);
        Ok(if is_h2 { Opened::Http2(io) } else { Opened::Http1 { io, late } })
    }
}

/// Whether this begins HTTP/2; nobody knows while it is the preface's beginning only.
fn is_h2(bytes: &[u8]) -> Option<bool> {
    let some = bytes.len().min(PREFACE.len());
    match bytes[..some] == PREFACE[..some] {
        true => (some == PREFACE.len()).then_some(true),
        false => Some(false),
    }
}

/// `None` if it takes longer than a first head may.
async fn within<T>(
    limits: &EdgeLimits,
    ticket: &Ticket,
    what: impl Future<Output = T>,
) -> Option<T> {
    let mut what = pin!(what);
    let mut timer = None;
    poll_fn(|cx| {
        if let Poll::Ready(done) = what.as_mut().poll(cx) {
            return Poll::Ready(Some(done));
        }
        ticket.wake(cx.waker().clone());
        let time = first_time(ticket.phase(), limits);
        let running = Timer::of(timer.take(), Wait::First, 0, time);
        match timer.insert(running).is_over(time, cx) {
            true => Poll::Ready(None),
            false => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_byte_mostly_decides() {
        assert_eq!(is_h2(b"G"), Some(false));
        assert_eq!(is_h2(b"POST / HTTP/1.1"), Some(false));
        assert_eq!(is_h2(b"P"), None);
        assert_eq!(is_h2(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"), None);
        assert_eq!(is_h2(PREFACE), Some(true));
        assert_eq!(is_h2(&[PREFACE, b"\0\0\0"].concat()), Some(true));
        assert_eq!(is_h2(b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), Some(false));
    }
}
