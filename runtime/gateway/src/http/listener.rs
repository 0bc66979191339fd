//! The socket that connections come in by.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use super::tls::EdgeTls;

/// Connections that wait to be accepted. The standard library's 128 are fewer than may come at once,
/// and one too many is reset.
const BACKLOG: i32 = 1024;

/// A socket on which an edge accepts connections, perhaps together with the edges of other processes:
/// each connection goes to one of them.
#[derive(Debug)]
pub struct EdgeListener {
    socket: TcpListener,
    /// Said by whoever knows of the others; `None` if there are none.
    last: Option<LastOne>,
}

/// Whether an edge that shares its socket is the last one to accept connections from it.
#[derive(Debug, Clone, Default)]
pub struct LastOne(Arc<AtomicBool>);

/// The sockets of one edge.
#[derive(Debug, Default)]
pub struct EdgeListeners {
    /// Where HTTP is spoken as it is.
    pub http: Option<EdgeListener>,
    /// Where it is spoken by TLS, and with which certificate.
    pub https: Option<(EdgeListener, EdgeTls)>,
}

impl From<EdgeListener> for EdgeListeners {
    fn from(http: EdgeListener) -> Self {
        Self { http: Some(http), https: None }
    }
}

impl EdgeListener {
    /// Listens at an address; port 0 takes a free one.
    ///
    /// # Errors
    /// The address is taken, say.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self { socket: listen(address)?, last: None })
    }

    /// A socket that listens already, and goes on when this edge stops: connections that wait to be
    /// accepted are then left to the others, unless `last` says that nobody else will.
    pub fn shared(socket: TcpListener, last: LastOne) -> Self {
        Self { socket, last: Some(last) }
    }

    /// Where it listens, with the real port.
    ///
    /// # Errors
    /// The system doesn't tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// The socket, to be handed to other processes.
    pub const fn socket(&self) -> &TcpListener {
        &self.socket
    }

    /// Whether nobody accepts connections from it once this edge doesn't.
    pub(crate) fn is_last(&self) -> bool {
        self.last.as_ref().is_none_or(|last| last.0.load(Ordering::Acquire))
    }

    /// As the free function of that name.
    pub(crate) fn let_no_more_in(&self) {
        let_no_more_in(&self.socket);
    }

    /// As the free function of that name.
    pub(crate) fn refuse(&self) -> bool {
        refuse(&self.socket)
    }
}

impl LastOne {
    /// From now on this edge is the last one.
    pub fn set(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Listens as `TcpListener::bind` does, for longer queues.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // An address may be taken again while connections to it still end. Elsewhere it would mean more.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Lets no new connection begin, while those that have can still be accepted: to close a listener
/// resets whoever is in its queue, with a request on its way perhaps. Who wants to connect now asks
/// again, and is refused once the listener is gone.
///
/// Only Linux can do that; elsewhere the queue is what it is.
fn let_no_more_in(listener: &TcpListener) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        use socket2::SockFilter;
        // Load the flags of the TCP header; is it the first packet of a connection (SYN)? Then it
        // is dropped, and everything else is taken whole.
        let filter = [
            SockFilter::new(0x30, 0, 0, 13),
            SockFilter::new(0x45, 0, 1, 0x02),
            SockFilter::new(0x06, 0, 0, 0),
            SockFilter::new(0x06, 0, 0, u32::MAX),
        ];
        if let Err(error) = SockRef::from(listener).attach_filter(&filter) {
            tracing::debug!(%error, "connections may come in until the listener is closed");
        }
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = listener;
}

/// Refuses connections from now on, though the socket is open in other hands. `false` if the system
/// doesn't do that.
fn refuse(listener: &TcpListener) -> bool {
    cfg!(any(target_os = "linux", target_os = "android"))
        && SockRef::from(listener).shutdown(Shutdown::Both).is_ok()
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[test]
    fn who_is_in_the_queue_is_served_when_nobody_else_is_let_in() {
        let listener = listen(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = TcpStream::connect(address).unwrap();
        let_no_more_in(&listener);
        queued.write_all(b"x").unwrap();
        let (mut accepted, _) = listener.accept().unwrap();
        accepted.read_exact(&mut [0]).unwrap();
        if cfg!(target_os = "linux") {
            let late = TcpStream::connect_timeout(&address, Duration::from_millis(100));
            assert!(late.is_err());
            assert!(refuse(&listener));
            assert!(TcpStream::connect(address).is_err());
        }
    }
}
