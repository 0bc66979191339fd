//! A fault proxy: it stands between two processes on TCP, and does to their connections what
//! networks do.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// What is read at once.
const CHUNK: usize = 64 << 10;
/// So many chunks are under way in each direction; then the sender is held up.
const UNDER_WAY: usize = 256;
/// A frame's length and its kind.
const FRAME_HEAD: usize = 5;
/// The kind of a frame that is a call.
const CALL: u8 = 2;

/// What the network does just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It carries everything.
    None,
    /// It takes so long, each way.
    Delay(Duration),
    /// Nothing arrives, either way; connections stay open.
    BlackHole,
    /// What is asked arrives, and the answers don't.
    Deaf,
}

/// A listener whose connections lead to another one. Dropped, it closes them all.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    to: SocketAddr,
    fault: watch::Sender<Fault>,
    /// Changes when all connections are to be reset.
    resets: watch::Sender<()>,
    /// The next bytes that arrive are to be changed.
    flip: AtomicBool,
    calls: AtomicU64,
}

impl Proxy {
    /// Listens at `at` for connections to `to`.
    ///
    /// # Errors
    /// The address can't be had.
    pub async fn open(at: SocketAddr, to: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(at).await?;
        let address = listener.local_addr()?;
        let (fault, resets) = (watch::Sender::new(Fault::None), watch::Sender::new(()));
        let (flip, calls) = Default::default();
        let shared = Arc::new(Shared { to, fault, resets, flip, calls });
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Ok(Self { address, shared, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// From now on the network does this.
    pub fn set(&self, fault: Fault) {
        self.shared.fault.send_replace(fault);
    }

    /// Resets all connections. New ones are carried.
    pub fn reset(&self) {
        self.shared.resets.send_replace(());
    }

    /// Changes one bit of what arrives next, in either direction.
    pub fn flip(&self) {
        self.shared.flip.store(true, Ordering::Relaxed);
    }

    /// How many calls it was given until now. It sees none in what is encrypted.
    pub fn calls(&self) -> u64 {
        self.shared.calls.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.reset();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((from, _)) => drop(tokio::spawn(carry(from, Arc::clone(&shared)))),
            // No descriptors, say: the next one may have better luck.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn carry(mut from: TcpStream, shared: Arc<Shared>) {
    let mut resets = shared.resets.subscribe();
    let Ok(mut to) = TcpStream::connect(shared.to).await else { return reset(&from) };
    let _ = (from.set_nodelay(true), to.set_nodelay(true));
    let reset_both = {
        let ((asks, answered), (answers, asked)) = (from.split(), to.split());
        let there = pump(asks, asked, &shared, true);
        let back = pump(answers, answered, &shared, false);
        tokio::select! {
            _ = async { tokio::join!(there, back) } => false,
            _ = resets.changed() => true,
        }
    };
    if reset_both {
        reset(&from);
        reset(&to);
    }
}

/// The connection ends by a reset, once it is dropped.
fn reset(stream: &TcpStream) {
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Carries one direction to its end, chunk by chunk: each is due once its delay is over.
async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, shared: &Shared, asks: bool) {
    let (sender, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let take = async move {
        let mut frames = Frames::default();
        let mut chunk = vec![0; CHUNK];
        loop {
            let Ok(read @ 1..) = from.read(&mut chunk).await else { return };
            if asks {
                shared.calls.fetch_add(frames.calls(&chunk[..read]), Ordering::Relaxed);
            }
            let delay = match *shared.fault.borrow() {
                Fault::Delay(delay) => delay,
                Fault::None | Fault::BlackHole | Fault::Deaf => Duration::ZERO,
            };
            if sender.send((Instant::now() + delay, chunk[..read].to_vec())).await.is_err() {
                return;
            }
        }
    };
    let give = async {
        let mut fault = shared.fault.subscribe();
        while let Some((at, mut chunk)) = due.recv().await {
            tokio::time::sleep_until(at).await;
            let carries = |fault: &Fault| match fault {
                Fault::BlackHole => false,
                Fault::Deaf => asks,
                Fault::None | Fault::Delay(_) => true,
            };
            if fault.wait_for(carries).await.is_err() {
                return;
            }
            if shared.flip.swap(false, Ordering::Relaxed) {
                let middle = chunk.len() / 2;
                chunk[middle] ^= 1;
            }
            if to.write_all(&chunk).await.is_err() {
                return;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(take, give);
}

/// Where in the stream of frames one direction is.
#[derive(Default)]
struct Frames {
    head: Vec<u8>,
    /// What is left of the frame that has begun.
    rest: usize,
}

impl Frames {
    /// How many calls begin in what comes next.
    fn calls(&mut self, mut bytes: &[u8]) -> u64 {
        let mut calls = 0;
        while !bytes.is_empty() {
            let skipped = self.rest.min(bytes.len());
            self.rest -= skipped;
            bytes = &bytes[skipped..];
            let wanted = (FRAME_HEAD - self.head.len()).min(bytes.len());
            self.head.extend_from_slice(&bytes[..wanted]);
            bytes = &bytes[wanted..];
            if let [a, b, c, d, kind] = self.head[..] {
                calls += u64::from(kind == CALL);
                self.rest = (u32::from_le_bytes([a, b, c, d]) as usize).saturating_sub(1);
                self.head.clear();
            }
        }
        calls
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    /// One that answers what it is sent, and a proxy to it.
    async fn proxied() -> (Proxy, TcpStream) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = TcpListener::bind(any).await.unwrap();
        let to = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut from, mut to) = stream.split();
                    tokio::io::copy(&mut from, &mut to).await
                });
            }
        });
        let proxy = Proxy::open(any, to).await.unwrap();
        let stream = TcpStream::connect(proxy.address()).await.unwrap();
        (proxy, stream)
    }

    async fn echo(stream: &mut TcpStream, text: &[u8; 4]) -> io::Result<[u8; 4]> {
        stream.write_all(text).await?;
        let mut answer = [0; 4];
        stream.read_exact(&mut answer).await?;
        Ok(answer)
    }

    #[tokio::test]
    async fn it_carries_delays_swallows_flips_and_resets() {
        let (proxy, mut stream) = proxied().await;
        assert_eq!(&echo(&mut stream, b"ping").await.unwrap(), b"ping");
        let began = Instant::now();
        proxy.set(Fault::Delay(Duration::from_millis(30)));
        assert_eq!(&echo(&mut stream, b"slow").await.unwrap(), b"slow");
        assert!(began.elapsed() >= Duration::from_millis(60), "{:?}", began.elapsed());
        for fault in [Fault::BlackHole, Fault::Deaf] {
            proxy.set(fault);
            let swallowed = timeout(Duration::from_millis(50), echo(&mut stream, b"lost")).await;
            assert!(swallowed.is_err(), "{fault:?}: {swallowed:?}");
            proxy.set(Fault::None);
            let mut late = [0; 4];
            stream.read_exact(&mut late).await.unwrap();
            assert_eq!(&late, b"lost", "it arrives once the network is well");
        }
        proxy.flip();
        let flipped = echo(&mut stream, b"flip").await.unwrap();
        let differs = |(a, b): (&u8, &u8)| (a ^ b).count_ones();
        assert_eq!(flipped.iter().zip(b"flip").map(differs).sum::<u32>(), 1);
        proxy.reset();
        let error = echo(&mut stream, b"gone").await.unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe));
        let mut another = TcpStream::connect(proxy.address()).await.unwrap();
        assert_eq!(&echo(&mut another, b"anew").await.unwrap(), b"anew");
    }

    #[test]
    fn calls_are_counted_however_they_are_cut() {
        let frame = |kind: u8, rest: usize| {
            let length = u32::try_from(rest + 1).unwrap().to_le_bytes();
            [&length[..], &[kind], &vec![CALL; rest]].concat()
        };
        let stream = [frame(1, 40), frame(CALL, 0), frame(CALL, 100), frame(7, 3)].concat();
        for size in 1..stream.len() {
            let mut frames = Frames::default();
            let calls: u64 = stream.chunks(size).map(|chunk| frames.calls(chunk)).sum();
            assert_eq!(calls, 2, "in pieces of {size}");
        }
    }
}
