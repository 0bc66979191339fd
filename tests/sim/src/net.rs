//! The network of a process: turmoil's, behind a gate that is shut while the process stands still.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use parking_lot::Mutex;
use seam_wire::{Accepting, Address, Opening, Peer, Stream, Transport};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use turmoil::net::{TcpListener, TcpStream};

/// Whether anything gets in or out.
#[derive(Default)]
pub(crate) struct Gate(Mutex<Shut>);

#[derive(Default)]
struct Shut {
    is: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    pub(crate) fn shut(&self) {
        self.0.lock().is = true;
    }

    pub(crate) fn open(&self) {
        let mut shut = self.0.lock();
        shut.is = false;
        let waiting = std::mem::take(&mut shut.waiting);
        drop(shut);
        waiting.into_iter().for_each(Waker::wake);
    }

    fn poll_open(&self, cx: &Context<'_>) -> Poll<()> {
        let mut shut = self.0.lock();
        if !shut.is {
            return Poll::Ready(());
        }
        shut.waiting.push(cx.waker().clone());
        Poll::Pending
    }
}

/// Which process listens on which port. Addresses in the config are those of one machine.
pub(crate) type Ports = BTreeMap<u16, String>;

pub(crate) struct Network {
    pub(crate) gate: Arc<Gate>,
    pub(crate) ports: Arc<Ports>,
}

fn port(address: &Address) -> io::Result<u16> {
    match address {
        Address::Tcp { port, .. } => Ok(*port),
        Address::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Transport for Network {
    fn connect(&self, address: &Address) -> Opening<Stream> {
        let (gate, port) = (Arc::clone(&self.gate), port(address));
        let host = port.as_ref().ok().and_then(|port| self.ports.get(port)).cloned();
        Box::pin(async move {
            let (port, host) = (port?, host.ok_or(io::ErrorKind::NotFound)?);
            poll_fn(|cx| gate.poll_open(cx)).await;
            let stream = TcpStream::connect((host.as_str(), port)).await?;
            Ok(Box::new(Gated { stream, gate }) as Stream)
        })
    }

    fn listen(&self, address: &Address) -> Opening<Box<dyn Accepting>> {
        let (gate, address) = (Arc::clone(&self.gate), address.clone());
        Box::pin(async move {
            let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, port(&address)?)).await?;
            let accept = accept(listener);
            Ok(Box::new(Listener { address, gate, accept }) as Box<dyn Accepting>)
        })
    }
}

type Accept =
    Pin<Box<dyn Future<Output = (TcpListener, io::Result<(TcpStream, SocketAddr)>)> + Send>>;

fn accept(listener: TcpListener) -> Accept {
    Box::pin(async move {
        let accepted = listener.accept().await;
        (listener, accepted)
    })
}

struct Listener {
    address: Address,
    gate: Arc<Gate>,
    accept: Accept,
}

impl Accepting for Listener {
    fn address(&self) -> &Address {
        &self.address
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(Stream, Peer)>> {
        ready!(self.gate.poll_open(cx));
        let (listener, accepted) = ready!(self.accept.as_mut().poll(cx));
        self.accept = accept(listener);
        let (stream, from) = accepted?;
        let gate = Arc::clone(&self.gate);
        Poll::Ready(Ok((Box::new(Gated { stream, gate }), Peer::unproved(from.to_string()))))
    }
}

struct Gated {
    stream: TcpStream,
    gate: Arc<Gate>,
}

impl AsyncRead for Gated {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.gate.poll_open(cx));
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Gated {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.gate.poll_open(cx));
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.gate.poll_open(cx));
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.gate.poll_open(cx));
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
