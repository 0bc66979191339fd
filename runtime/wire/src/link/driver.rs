//! The task behind a channel: dials, writes what callers queued, and hands answers out.
//!
//! A dial says which versions this side speaks. A peer whose hello says nothing of them is of
//! version 1, and refuses a hello that says more than its own: it is dialled once more, at once, and
//! greeted as version 1 greets. Next time it may have been replaced, and is told all again.

use std::future::{Future, poll_fn};
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use seam_core::outcome::{NotExecuted, Unknown};
use seam_core::time::Moment;
use tokio::sync::watch;

use super::LinkState;
use super::backoff::Backoff;
use super::channel::{Channel, Inner, Open};
use crate::alarm::Alarm;
use crate::buffer::FrameBuffer;
use crate::closed::Closed;
use crate::convert::failure_from_wire;
use crate::fair::Fairness;
use crate::frame::{CallId, Frame, GoAway, Hello};
use crate::net::{Address, Pipe, Refusal, Stream};
use crate::session::{Event, Session};
use crate::standstill::Since;

/// How long a dial may take.
const CONNECT: Duration = Duration::from_secs(1);

/// Keeps the channel connected, for ever.
pub(super) async fn run(channel: Arc<Channel>) {
    keep(&channel, None).await;
}

/// Keeps the channel connected while the one stands whose state it is told.
pub(super) async fn follow(channel: Arc<Channel>, followed: watch::Receiver<LinkState>) {
    keep(&channel, Some(followed)).await;
}

async fn keep(channel: &Channel, mut followed: Option<watch::Receiver<LinkState>>) {
    let config = &*channel.config;
    let hello = config.identity.hello(Vec::new());
    let plain = Hello { versions: None, ..hello.clone() };
    let mut older = false;
    let mut backoff = Backoff::new();
    let mut last_launch = None;
    let mut said = String::new();
    let mut way = channel.way.follow();
    loop {
        if let Some(followed) = &mut followed {
            let stands = |state: &LinkState| matches!(state, LinkState::Connected { .. });
            if followed.wait_for(stands).await.is_err() {
                return;
            }
        }
        let address = way.address().await;
        let hello = if older { &plain } else { &hello };
        let closed = match dial(channel, &address).await {
            Ok(stream) => match Driver::new(channel, hello, stream, &mut last_launch) {
                Ok(mut driver) => {
                    let closed = driver.run().await;
                    if driver.greeted {
                        backoff.reset();
                        said.clear();
                    }
                    driver.end(&closed);
                    closed
                }
                Err(closed) => closed,
            },
            Err(error) => {
                let closed = Closed::from(error);
                channel.lost(&closed, 0);
                closed
            }
        };
        older = matches!(closed, Closed::Older);
        if older {
            continue;
        }
        report(channel, &closed, &mut said);
        let wait = config.clock.now().after(backoff.next(fastrand::f64()));
        tokio::select! {
            biased;
            () = config.clock.wait_until(wait) => {}
            () = way.changed() => backoff.reset(),
        }
    }
}

/// Says why there is no connection, once and not per attempt.
fn report(channel: &Channel, closed: &Closed, said: &mut String) {
    let (address, reason) = (&channel.way, closed.to_string());
    if *said == reason || channel.way.address().is_none() {
        tracing::debug!(%address, reason, "still no connection");
        return;
    }
    if closed.is_hostile() {
        tracing::warn!(%address, reason, "no connection, trying again");
    } else if channel.near {
        // The link says it for all that follow it.
        tracing::debug!(%address, reason, "one connection less");
    } else {
        tracing::info!(%address, reason, "no connection, trying again");
    }
    *said = reason;
}

async fn dial(channel: &Channel, address: &Address) -> io::Result<Stream> {
    let config = &*channel.config;
    let late = config.clock.wait_until(config.clock.now().after(CONNECT));
    tokio::select! {
        biased;
        stream = config.transport.connect(address) => stream,
        () = late => Err(io::Error::new(io::ErrorKind::TimedOut, "nobody answers")),
    }
}

struct Driver<'a> {
    channel: &'a Channel,
    /// What this side has said.
    hello: &'a Hello,
    pipe: Pipe,
    buffer: FrameBuffer,
    /// Frames may be waiting in the buffer although nothing new came.
    unread: bool,
    fairness: Fairness,
    alarm: Alarm,
    /// Whom to wake once the lock is free.
    wake: Vec<Waker>,
    /// The same whose answers have come.
    replied: Vec<(CallId, Waker)>,
    /// Calls that the peer will not execute, until that is told.
    refused: Vec<CallId>,
    /// Whether what is queued leaves in time.
    since: Since,
    greeted: bool,
    last_launch: &'a mut Option<u64>,
    ended: bool,
}

/// How far the frames of a read were taken.
enum Taken {
    All,
    /// Up to one that changed what is offered.
    News,
}

impl<'a> Driver<'a> {
    fn new(
        channel: &'a Channel,
        hello: &'a Hello,
        stream: Stream,
        last_launch: &'a mut Option<u64>,
    ) -> Result<Self, Closed> {
        channel.opened(Session::dialled(hello, channel.config.timeouts, channel.clock.now())?);
        Ok(Self {
            channel,
            hello,
            pipe: Pipe::new(stream),
            buffer: FrameBuffer::new(hello.max_frame),
            unread: false,
            fairness: Fairness::default(),
            alarm: Alarm::new(channel.clock.clone()),
            wake: Vec::new(),
            replied: Vec::new(),
            refused: Vec::new(),
            since: Since::now(&channel.clock),
            greeted: false,
            last_launch,
            ended: false,
        })
    }

    /// Drives until the connection ends, and says why it did.
    async fn run(&mut self) -> Closed {
        let multi_thread = tokio::runtime::Handle::current().runtime_flavor()
            != tokio::runtime::RuntimeFlavor::CurrentThread;
        loop {
            if let Err(closed) = poll_fn(|cx| self.poll(cx)).await {
                return closed;
            }
            if multi_thread || self.fairness.is_due() {
                self.fairness.give();
                // Others may be about to add to the batch, and all shall have their turn.
                tokio::task::yield_now().await;
            }
            if let Some(open) = &mut self.channel.lock().connection {
                open.session.take_output(self.pipe.batch());
            }
        }
    }

    /// Ready when there is something to write and nothing being written.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        self.channel.driver.register(cx.waker());
        loop {
            if !self.pipe.is_written() {
                self.since.check(self.channel.clock.now())?;
            }
            if let Poll::Ready(written) = self.pipe.poll_write(cx) {
                written?;
            }
            let read = match self.unread {
                true => Poll::Ready(self.take_all(self.channel.clock.now(), false)?),
                false => self.poll_read(cx)?,
            };
            let (output, due) = match &self.channel.lock().connection {
                Some(open) if open.session.is_over() => return Poll::Ready(Err(Closed::PeerLeft)),
                Some(open) => (open.session.output_len(), open.session.next_tick()),
                None => return Poll::Ready(Err(Closed::ByPeer)),
            };
            if output > 0 && self.pipe.is_written() {
                return Poll::Ready(Ok(()));
            }
            if read.is_pending() {
                ready!(self.alarm.poll(cx, due));
                self.tick()?;
            } else if self.fairness.is_due() {
                // What needs no answer has nothing written, which would have been a break.
                self.fairness.give();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Reads once, and hands out what came.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Closed> {
        let Poll::Ready(read) = self.pipe.poll_read(cx, &mut self.buffer) else {
            return Ok(Poll::Pending);
        };
        if read? == 0 {
            return Err(if self.buffer.is_partial() { Closed::MidFrame } else { Closed::ByPeer });
        }
        let now = self.channel.clock.now();
        self.take_all(now, true).map(Poll::Ready)
    }

    /// Takes the frames in the buffer, which came now or when it was last read, and wakes who waits
    /// for them.
    fn take_all(&mut self, now: Moment, came: bool) -> Result<(), Closed> {
        self.since.check(now)?;
        let mut ready = None;
        let taken = loop {
            let taken = {
                let mut inner = self.channel.lock();
                if came && let Some(open) = &mut inner.connection {
                    open.session.heard(now);
                }
                self.refuse(&mut inner);
                self.take_frames(&mut inner, now, &mut ready)
            };
            match taken {
                Ok(Taken::News) => self.channel.tell_offered(),
                Ok(Taken::All) => break Ok(()),
                Err(closed) => break Err(closed),
            }
        };
        self.wake_all();
        taken?;
        if let Some(state) = ready {
            self.channel.set_state(state);
        }
        Ok(())
    }

    /// Wakes everybody for whom something has come, without the lock: a waker may run anything. Who
    /// got an answer finds the waker there again.
    fn wake_all(&mut self) {
        self.wake.drain(..).for_each(Waker::wake);
        if self.replied.is_empty() {
            return;
        }
        self.replied.iter().for_each(|(_, waker)| waker.wake_by_ref());
        let mut inner = self.channel.lock();
        for (id, waker) in self.replied.drain(..) {
            let open = inner.connection.as_mut();
            match open.and_then(|open| open.session.waiting(id)) {
                Some(waiter) if waiter.has_no_waker() => waiter.was_woken(waker),
                // It was fetched already, or waits for another.
                _ => self.wake.push(waker),
            }
        }
        drop(inner);
        // Dropped without the lock, as they are woken.
        self.wake.clear();
    }

    /// Fails the calls that the peer will not execute.
    fn refuse(&mut self, inner: &mut Inner) {
        let Some(Open { session, .. }) = &mut inner.connection else { return };
        for id in self.refused.drain(..) {
            let failure = NotExecuted::unavailable("its unit is leaving").into();
            self.wake.extend(session.waiting(id).and_then(|w| w.failed(failure)));
        }
    }

    /// Takes frames from the buffer, in their order, until it is empty or others are to have their
    /// turn, or until one changes what is offered: that is told before what follows from it.
    fn take_frames(
        &mut self,
        inner: &mut Inner,
        at: Moment,
        ready: &mut Option<LinkState>,
    ) -> Result<Taken, Closed> {
        self.unread = true;
        while !self.fairness.is_due() {
            let Inner { connection: Some(Open { session, .. }), .. } = inner else { break };
            let Some(contents) = self.buffer.next_contents()? else {
                self.unread = false;
                break;
            };
            self.fairness.take();
            if let Some((id, mark, body)) = Frame::as_reply(contents)? {
                if let Some(waiter) = session.receive_reply(id, mark)?
                    && let Some(waker) = waiter.replied(mark, body, at)
                {
                    self.replied.push((id, waker));
                }
                continue;
            }
            match session.receive(Frame::decode(contents)?)? {
                Event::Failure(id, failed) => {
                    let failure = failure_from_wire(failed);
                    self.wake.extend(session.waiting(id).and_then(|w| w.failed(failure)));
                }
                Event::GoAway(go_away, refused) => {
                    report_leaving(self.channel, &go_away);
                    self.refused = refused;
                    self.channel.find_offered(inner);
                    return Ok(Taken::News);
                }
                Event::Offers(active) => {
                    inner.offers(active);
                    self.channel.find_offered(inner);
                    return Ok(Taken::News);
                }
                Event::Health(well) => {
                    inner.health(well);
                    self.channel.find_offered(inner);
                    return Ok(Taken::News);
                }
                Event::Ready(hello) => {
                    if let Some(dialled) = self.channel.config.unit.as_ref()
                        && *dialled != hello.unit
                    {
                        let (says, dialled) = (hello.unit.clone(), dialled.clone());
                        return Err(Refusal::NotDialled { says, dialled }.into());
                    }
                    if hello.versions.is_none() && self.hello.versions.is_some() {
                        return Err(Closed::Older);
                    }
                    let version = session.settled().version;
                    self.greet(&hello, version);
                    let (unit, release) = (hello.unit.clone(), hello.release.clone());
                    let (instance, launch) = (hello.instance, hello.launch);
                    *ready = Some(LinkState::Connected { unit, instance, release, launch });
                    inner.greeted(hello, !self.channel.near);
                    self.channel.find_offered(inner);
                    return Ok(Taken::News);
                }
                // Replies were dealt with above, and this side hosts nothing on the connections that
                // it dials.
                Event::Reply(..) | Event::Call(..) | Event::Cancel(_) => {}
                Event::Pong(_) | Event::Nothing => {}
            }
        }
        Ok(Taken::All)
    }

    fn greet(&mut self, hello: &Hello, version: u16) {
        let (address, unit, release) = (&self.channel.way, &hello.unit, &hello.release);
        let instance = hello.instance;
        match self.last_launch.replace(hello.launch) {
            _ if self.channel.near => {
                tracing::debug!(%address, unit, instance, release, version, "one more connection")
            }
            Some(launch) if launch != hello.launch => {
                tracing::info!(
                    %address, unit, instance, release, version,
                    "connected again: the unit has restarted"
                );
            }
            _ => tracing::info!(%address, unit, instance, release, version, "connected"),
        }
        self.greeted = true;
    }

    /// Does what time demands.
    fn tick(&mut self) -> Result<(), Closed> {
        let now = self.channel.clock.now();
        self.since.check(now)?;
        // Dropped without the lock, with the wakers in it.
        let mut idle = None;
        let ticked = {
            let mut inner = self.channel.lock();
            let Inner { connection: Some(open), .. } = &mut *inner else {
                return Ok(());
            };
            let ticked = open.session.tick(now, |waiter| {
                self.wake.extend(waiter.failed(Unknown::DeadlineExceeded.into()));
            });
            if open.session.is_idle() {
                idle = Some(open.session.shrink());
                self.buffer.shrink();
                self.pipe.shrink();
            }
            ticked
        };
        drop(idle);
        self.wake.drain(..).for_each(Waker::wake);
        ticked?;
        Ok(())
    }

    /// The connection has ended: tells everybody who waits.
    fn end(mut self, closed: &Closed) {
        self.ended = true;
        self.channel.lost(closed, self.pipe.unsent());
    }
}

impl Drop for Driver<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // The link was dropped, or its runtime is going down: nobody shall wait in vain.
            let gone = Closed::Io(io::Error::other("the link is closed"));
            self.channel.lost(&gone, self.pipe.unsent());
        }
    }
}

fn report_leaving(channel: &Channel, go_away: &GoAway<'_>) {
    if channel.near {
        return;
    }
    let (address, reason) = (&channel.way, go_away.text);
    tracing::info!(%address, reason, "the unit is leaving");
}

const _: fn() = || {
    fn movable<F: Future + Send>(_: fn(Arc<Channel>) -> F) {}
    movable(run);
};
