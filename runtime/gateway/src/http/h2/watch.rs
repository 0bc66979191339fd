//! A connection, as h2 reads and writes it, and what is noticed on the way.

use std::cell::{Cell, RefCell};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::Frames;
use crate::http::socket::Io;
use crate::http::waits::{Farewell, Stall};

/// What a connection and its streams know of it.
#[derive(Debug)]
pub(super) struct Watch {
    frames: RefCell<Frames>,
    /// How much has been written.
    written: Cell<u64>,
}

impl Watch {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self { frames: RefCell::new(Frames::new()), written: Cell::new(0) })
    }

    /// Whether a head has begun and isn't over.
    pub(super) fn in_head(&self) -> bool {
        self.frames.borrow().in_head()
    }

    /// How many heads have come in whole.
    pub(super) fn heads(&self) -> u64 {
        self.frames.borrow().heads()
    }

    /// How many streams their client has reset.
    pub(super) fn resets(&self) -> u64 {
        self.frames.borrow().resets()
    }

    /// How much has come of a piece of that stream's body that isn't whole.
    pub(super) fn piece(&self, stream: u32) -> usize {
        self.frames.borrow().piece(stream)
    }

    /// How much has been written: whether the client takes anything is told by it.
    pub(super) fn written(&self) -> u64 {
        self.written.get()
    }
}

/// A stream that fails where its client takes nothing for too long.
pub(super) struct Watched {
    io: Io,
    watch: Rc<Watch>,
    write_time: Duration,
    stall: Stall,
    farewell: Farewell,
}

impl Watched {
    pub(super) fn new(io: Io, watch: Rc<Watch>, write_time: Duration) -> Self {
        Self { io, watch, write_time, stall: Stall::default(), farewell: Farewell::default() }
    }

    fn after(
        &mut self,
        written: Poll<io::Result<usize>>,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending if self.stall.is_over(self.write_time, cx) => {
                tracing::debug!("a client that reads nothing is left");
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
            Poll::Pending => Poll::Pending,
            Poll::Ready(written) => {
                self.stall.end();
                if let Ok(some) = written {
                    self.watch.written.set(self.watch.written.get() + some as u64);
                }
                Poll::Ready(written)
            }
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let start = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        this.watch.frames.borrow_mut().pass(&buf.filled()[start..]);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write(cx, bytes);
        this.after(written, cx)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let written = Pin::new(&mut this.io).poll_write_vectored(cx, pieces);
        this.after(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.farewell.has_begun() {
            ready!(Pin::new(&mut this.io).poll_shutdown(cx))?;
        }
        // What the client has sent meanwhile would take back the last words.
        this.farewell.poll(&mut this.io, cx).map(Ok)
    }
}
