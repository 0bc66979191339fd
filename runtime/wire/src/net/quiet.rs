//! A Unix socket's stream that wakes its thread for what arrives, and not for what has left.
//!
//! The system reports a Unix socket as writable each time that its peer has read something, and
//! tokio's own stream asks for both reports: whoever sends a message is woken twice, once for
//! nothing. (TCP reports it only to those who found no room.) tokio's ends of pipes ask for one report
//! each, and take any file: so this reads as the end of a pipe does, and only while there is no room
//! to write is there the other end as well.

use std::io::{self, ErrorKind};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixStream;
use tokio::net::unix::pipe::{Receiver, Sender};

pub(super) struct QuietStream {
    socket: Receiver,
    /// The same socket, while there is no room to write.
    full: Option<Sender>,
}

impl QuietStream {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        let socket = OwnedFd::from(stream.into_std()?);
        Ok(Self { socket: Receiver::from_owned_fd_unchecked(socket)?, full: None })
    }
}

impl AsyncRead for QuietStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.socket).poll_read(cx, room)
    }
}

impl AsyncWrite for QuietStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if let Some(full) = &mut self.full {
                let written = ready!(Pin::new(full).poll_write(cx, bytes));
                self.full = None;
                return Poll::Ready(written);
            }
            match SockRef::from(&self.socket).send(bytes) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    let same = self.socket.as_fd().try_clone_to_owned()?;
                    self.full = Some(Sender::from_owned_fd_unchecked(same)?);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&self.socket).shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use futures_util::future::join;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    #[tokio::test]
    async fn what_finds_no_room_is_written_once_there_is_some() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut ours = QuietStream::new(ours).unwrap();
        let mut theirs = QuietStream::new(theirs).unwrap();
        // More than the system takes at once.
        let sent: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
        let mut got = vec![0; sent.len()];
        let mut written = 0;
        while let Some(more) = ours.write(&sent[written..]).now_or_never() {
            written += more.unwrap();
        }
        assert!(ours.full.is_some(), "it asks to be told of room");
        let (more, read) =
            join(ours.write(&sent[written..]), theirs.read_exact(&mut got[..written])).await;
        read.unwrap();
        assert!(ours.full.is_none(), "and no longer than it has to");
        let end = written + more.unwrap();
        theirs.read_exact(&mut got[written..end]).await.unwrap();
        assert!(got[..end] == sent[..end]);
    }

    #[tokio::test]
    async fn it_ends_where_the_peer_is_gone() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let mut ours = QuietStream::new(ours).unwrap();
        drop(theirs);
        assert_eq!(ours.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(ours.write(&[1]).await.unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}
