//! The floor's client: callers append to one buffer, a writer sends all that is there, a reader
//! wakes whom it has answers for.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use anyhow::{anyhow, bail};
use bytes::{Buf, BytesMut};
use parking_lot::Mutex;
use serde::Serialize;
use slab::Slab;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::Notify;

use super::frame::{self, Header, PRICE, TINY, Trace};
use crate::measure::Ask;
use crate::messages::{Basket, Priced};

const READ: usize = 64 * 1024;

#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Tells the writer that the buffer isn't empty any more.
    written: Notify,
}

struct State {
    /// Frames that the writer hasn't taken yet.
    out: Vec<u8>,
    /// A call's key here is its id on the wire.
    calls: Slab<Slot>,
    /// The connection has ended.
    broken: bool,
}

struct Slot {
    method: u16,
    waker: Option<Waker>,
    reply: Option<Reply>,
}

enum Reply {
    Tiny(u64),
    Price(Priced),
}

impl Client {
    pub(crate) async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (read, write) = stream.into_split();
        let state = State { out: Vec::with_capacity(READ), calls: Slab::new(), broken: false };
        let shared = Arc::new(Shared { state: Mutex::new(state), written: Notify::new() });
        tokio::spawn(write_all(Arc::clone(&shared), write));
        let reader = Arc::clone(&shared);
        tokio::spawn(async move {
            // However it ends, nobody waits for ever.
            let _ = read_all(&reader, read).await;
            let mut state = reader.state.lock();
            state.broken = true;
            state.calls.iter_mut().filter_map(|(_, slot)| slot.waker.take()).for_each(Waker::wake);
        });
        Ok(Self(shared))
    }

    async fn call(&self, method: u16, body: &impl Serialize) -> anyhow::Result<Reply> {
        let key = {
            let mut state = self.0.state.lock();
            let State { out, calls, .. } = &mut *state;
            let key = calls.insert(Slot { method, waker: None, reply: None });
            let header = Header {
                call: key as u64,
                service: 0,
                method,
                deadline_ms: 5_000,
                trace: Trace { id: key as u128, span: key as u64, flags: 1 },
            };
            let first = out.is_empty();
            frame::put_call(out, header, body)?;
            if first {
                self.0.written.notify_one();
            }
            key
        };
        poll_fn(|cx| {
            let mut state = self.0.state.lock();
            if state.broken {
                return Poll::Ready(Err(anyhow!("the connection ended")));
            }
            let slot = &mut state.calls[key];
            match slot.reply.take() {
                Some(reply) => {
                    state.calls.remove(key);
                    Poll::Ready(Ok(reply))
                }
                None => {
                    slot.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

async fn write_all(shared: Arc<Shared>, mut write: OwnedWriteHalf) {
    let mut batch = Vec::with_capacity(READ);
    loop {
        shared.written.notified().await;
        std::mem::swap(&mut batch, &mut shared.state.lock().out);
        if write.write_all(&batch).await.is_err() {
            return;
        }
        batch.clear();
    }
}

async fn read_all(shared: &Shared, mut read: OwnedReadHalf) -> anyhow::Result<()> {
    let mut input = BytesMut::with_capacity(READ);
    loop {
        input.reserve(READ);
        if read.read_buf(&mut input).await? == 0 {
            return Ok(());
        }
        let mut rest = &input[..];
        let mut state = shared.state.lock();
        while let Some((frame, after)) = frame::split(rest)? {
            let (call, body) = frame::reply(frame)?;
            let slot = state.calls.get_mut(call as usize).ok_or_else(|| anyhow!("no such call"))?;
            slot.reply = Some(match slot.method {
                TINY => Reply::Tiny(frame::decode(body)?),
                _ => Reply::Price(frame::decode(body)?),
            });
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
            rest = after;
        }
        drop(state);
        let read = input.len() - rest.len();
        input.advance(read);
    }
}

impl Ask for Client {
    type Error = anyhow::Error;

    async fn tiny(&self, n: u64) -> anyhow::Result<u64> {
        match self.call(TINY, &n).await? {
            Reply::Tiny(answer) => Ok(answer),
            Reply::Price(_) => bail!("another method's answer"),
        }
    }

    async fn price(&self, basket: Basket) -> anyhow::Result<Priced> {
        match self.call(PRICE, &basket).await? {
            Reply::Price(priced) => Ok(priced),
            Reply::Tiny(_) => bail!("another method's answer"),
        }
    }
}
