//! A stream, and the batch of bytes that is being written to it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Stream;
use crate::buffer::FrameBuffer;

/// A batch's memory beyond this is given back after it was written.
const KEEP: usize = 64 << 10;

pub(crate) struct Pipe {
    stream: Stream,
    batch: Vec<u8>,
    /// How much of the batch was written.
    written: usize,
}

impl Pipe {
    pub(crate) fn new(stream: Stream) -> Self {
        Self { stream, batch: Vec::new(), written: 0 }
    }

    /// Reads once; `Ok(0)` means that the peer has ended its side.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut FrameBuffer,
    ) -> Poll<io::Result<usize>> {
        let mut room = ReadBuf::new(buffer.room());
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut room))?;
        let n = room.filled().len();
        buffer.filled(n);
        Poll::Ready(Ok(n))
    }

    /// Writes the batch; ready once all of it is written, and nothing of it waits in the stream.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.batch.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while self.written < self.batch.len() {
            let rest = &self.batch[self.written..];
            let n = ready!(Pin::new(&mut self.stream).poll_write(cx, rest))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.written += n;
        }
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.written = 0;
        if self.batch.capacity() > KEEP {
            self.batch = Vec::new();
        } else {
            self.batch.clear();
        }
        Poll::Ready(Ok(()))
    }

    /// Where the next batch goes, once the last one is written.
    pub(crate) fn batch(&mut self) -> &mut Vec<u8> {
        debug_assert!(self.is_written());
        &mut self.batch
    }

    pub(crate) const fn is_written(&self) -> bool {
        self.batch.is_empty()
    }

    /// Bytes of the batch that are still to be written.
    pub(crate) const fn unsent(&self) -> usize {
        self.batch.len() - self.written
    }

    /// Gives memory back that an idle connection doesn't need.
    pub(crate) fn shrink(&mut self) {
        if self.is_written() {
            self.batch = Vec::new();
        }
    }

    /// Ends this side of the stream, then waits for the other to end: closing a socket while
    /// something is unread would take back what was written last.
    pub(crate) fn poll_end(
        &mut self,
        cx: &mut Context<'_>,
        ended: &mut bool,
        buffer: &mut FrameBuffer,
    ) -> Poll<io::Result<()>> {
        if !*ended {
            ready!(self.poll_write(cx))?;
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            *ended = true;
        }
        loop {
            buffer.clear();
            if ready!(self.poll_read(cx, buffer))? == 0 {
                return Poll::Ready(Ok(()));
            }
        }
    }
}
