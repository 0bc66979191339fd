//! The socket that connections come in by.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

/// Connections that wait to be accepted. The standard library's 128 are fewer than may come at once,
/// and one too many is reset.
const BACKLOG: i32 = 1024;

/// Listens as `TcpListener::bind` does, for longer queues.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
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
pub(crate) fn let_no_more_in(listener: &TcpListener) {
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
pub(crate) fn refuse(listener: &TcpListener) -> bool {
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
