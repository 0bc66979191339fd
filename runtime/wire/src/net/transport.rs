//! What opens streams. Behind a trait, so that a simulation can stand in for the system's sockets.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{Address, Peer};

/// Something to read from and write to.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// One open stream.
pub type Stream = Box<dyn Io>;

/// A stream or listener on its way to be opened.
pub type Opening<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;

/// Opens streams to addresses, and listeners at them.
pub trait Transport: Send + Sync + 'static {
    /// Dials an address.
    fn connect(&self, address: &Address) -> Opening<Stream>;

    /// Listens at an address.
    fn listen(&self, address: &Address) -> Opening<Box<dyn Accepting>>;
}

/// An open listener.
pub trait Accepting: Send {
    /// Where it listens; with the port that the system chose, if it was asked to.
    fn address(&self) -> &Address;

    /// The next stream, and who dialled it.
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>>;
}
