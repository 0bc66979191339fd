//! One accepted connection: one task, many frames per read, one write per batch of answers.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::remote::{Inbound, ReplyKind, Served};
use seam_core::time::{Clock, Moment};

use super::authorities::Authorities;
use super::budget::{Budget, Share};
use super::contexts::Contexts;
use super::offers::{Board, Hosted, Listener, Told};
use super::running::Running;
use crate::alarm::Alarm;
use crate::buffer::FrameBuffer;
use crate::closed::Closed;
use crate::convert::failure_to_wire;
use crate::fair::Fairness;
use crate::frame::{CallId, CallParts, Capabilities, Frame, GoAwayReason, Hello, ReplyMark};
use crate::limits::Timeouts;
use crate::net::{Peer, PeerIdentity, Pipe, Refusal, Stream};
use crate::session::{Event, Session};
use crate::standstill::Since;
use crate::violation::{EncodeError, Violation};

/// With so many bytes of answers waiting, no further frame is taken: a peer that doesn't read its
/// answers gets no more of them.
const CONGESTED: usize = 1 << 20;
/// How long a peer may take none of its answers.
const STALL: Duration = Duration::from_secs(10);
/// How long one frame may take to come, once it has begun.
const FRAME: Duration = Duration::from_secs(30);
/// How long a peer may take to hear the last word and end its side.
const LAST_WORD: Duration = Duration::from_millis(500);

/// What all connections of a server share.
pub(super) struct Shared {
    pub(super) hello: Hello,
    pub(super) board: Arc<Board>,
    /// For whom peers may call; anybody for anybody without.
    pub(super) authorities: Option<Authorities>,
    /// How many connections there may be.
    pub(super) connections: usize,
    pub(super) timeouts: Timeouts,
    pub(super) clock: Clock,
    pub(super) budget: Arc<Budget>,
}

pub(super) struct Connection {
    shared: Arc<Shared>,
    pipe: Pipe,
    buffer: FrameBuffer,
    session: Session<()>,
    running: Running,
    alarm: Alarm,
    /// Set when the peer's hello has come.
    greeted: Arc<AtomicBool>,
    /// Who dialled, as far as that is proved.
    peer: Arc<Peer>,
    fairness: Fairness,
    /// Frames may be waiting in the buffer although nothing new came.
    unread: bool,
    contexts: Contexts,
    /// Which services the peer takes for active.
    told: Told,
    /// What it has seen of that, once it has said hello.
    listener: Option<Listener>,
    /// Whether what is read is read in time.
    since: Since,
    /// Since when the frame at the end of the buffer is being waited for.
    partial: Option<Moment>,
    /// The memory that this connection holds.
    share: Share,
    /// Since when the peer has taken nothing of a batch, and how much of it was left.
    stalled: Option<(Moment, usize)>,
}

impl Connection {
    pub(super) fn new(
        shared: Arc<Shared>,
        stream: Stream,
        peer: Arc<Peer>,
        greeted: Arc<AtomicBool>,
    ) -> Result<Self, EncodeError> {
        let now = shared.clock.now();
        let told = Told::by_hello(&shared.board);
        let hello = Hello { active: Some(told.active.clone()), ..shared.hello.clone() };
        Ok(Self {
            session: Session::accepted(&hello, shared.timeouts, now)?,
            buffer: FrameBuffer::new(shared.hello.max_frame),
            alarm: Alarm::new(shared.clock.clone()),
            pipe: Pipe::new(stream),
            running: Running::new(),
            greeted,
            peer,
            fairness: Fairness::default(),
            unread: false,
            contexts: Contexts::new(),
            told,
            listener: None,
            since: Since::now(&shared.clock),
            partial: None,
            share: Share::new(Arc::clone(&shared.budget)),
            stalled: None,
            shared,
        })
    }

    /// Serves until the connection ends, and says why it did.
    pub(super) async fn run(mut self) -> Closed {
        let multi_thread = tokio::runtime::Handle::current().runtime_flavor()
            != tokio::runtime::RuntimeFlavor::CurrentThread;
        let board = Arc::clone(&self.shared.board);
        let mut changed = pin!(board.changed());
        let mut left = false;
        let closed = loop {
            let round = poll_fn(|cx| {
                // What changes from here on wakes this task, and what has changed is seen now.
                let _ = changed.as_mut().poll(cx);
                self.told.tell_changes(&board, &mut self.session);
                if let Some(authorities) = &self.shared.authorities {
                    self.contexts.hold_to(authorities);
                }
                if !left && board.is_draining() {
                    left = true;
                    self.session.leave(GoAwayReason::Draining, "the unit is being stopped");
                }
                self.poll(cx)
            });
            if let Err(closed) = round.await {
                break closed;
            }
            if multi_thread || self.fairness.is_due() {
                self.fairness.give();
                // Others may be about to add to the batch, and all shall have their turn.
                tokio::task::yield_now().await;
                let late = poll_fn(|cx| {
                    self.poll_running(cx);
                    Poll::Ready(())
                });
                late.await;
            }
            self.session.take_output(self.pipe.batch());
        };
        self.last_word(&closed).await;
        closed
    }

    /// Ready when there is something to write and nothing being written.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        loop {
            if let Poll::Ready(written) = self.pipe.poll_write(cx) {
                written?;
            }
            self.poll_running(cx);
            let took = if self.is_congested() {
                false
            } else if self.unread {
                self.take_frames(self.shared.clock.now())?;
                true
            } else {
                self.poll_read(cx)?.is_ready()
            };
            if self.session.has_drained()
                && self.session.output_len() == 0
                && self.pipe.is_written()
            {
                return Poll::Ready(Err(Closed::Drained));
            }
            if self.session.output_len() > 0 && self.pipe.is_written() {
                return Poll::Ready(Ok(()));
            }
            if !took {
                ready!(self.poll_alarm(cx))?;
            } else if self.fairness.is_due() {
                // What needs no answer has nothing written, which would have been a break.
                self.fairness.give();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    /// Reads once, and takes the frames that came.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, Closed> {
        let Poll::Ready(read) = self.pipe.poll_read(cx, &mut self.buffer) else {
            return Ok(Poll::Pending);
        };
        if read? == 0 {
            return Err(if self.buffer.is_partial() { Closed::MidFrame } else { Closed::ByPeer });
        }
        let now = self.shared.clock.now();
        self.session.heard(now);
        let whole = self.take_frames(now)?;
        let began = if whole { None } else { self.partial };
        self.partial = self.buffer.is_partial().then(|| began.unwrap_or(now));
        Ok(Poll::Ready(()))
    }

    /// Takes frames from the buffer, in their order, until it is empty, answers pile up or others are
    /// to have their turn; whether there were any. They came at `came`: that is when their time began
    /// to run, and each call begins when the one before is over, so the clock is read once per call.
    fn take_frames(&mut self, came: Moment) -> Result<bool, Closed> {
        self.since.check(came)?;
        self.unread = true;
        let mut now = came;
        let mut any = false;
        while self.session.output_len() < CONGESTED {
            let Some(contents) = self.buffer.next_contents()? else {
                self.unread = false;
                break;
            };
            any = true;
            self.fairness.take();
            if let Some(call) = Frame::as_call(contents, self.contexts.last_origin())? {
                if self.session.receive_call(&call)? {
                    let Self { shared, session, running, contexts, told, .. } = self;
                    now = match shared.board.hosted.get(usize::from(call.service())) {
                        Some(hosted) if hosted.is_active() => {
                            serve(hosted, session, running, contexts, &call, came, now)
                                .unwrap_or_else(|| shared.clock.now())
                        }
                        hosted => {
                            told.tell(&shared.board, session);
                            fail(session, call.id(), &inactive(hosted).into());
                            now
                        }
                    };
                }
                continue;
            }
            match self.session.receive(Frame::decode(contents)?)? {
                Event::Cancel(id) => {
                    if self.running.cancel(id) {
                        fail(&mut self.session, id, &Unknown::Abandoned.into());
                    }
                }
                Event::Ready(hello) => {
                    self.proved(&hello)?;
                    self.greeted.store(true, Ordering::Release);
                    if let Some(authorities) = &self.shared.authorities {
                        self.contexts.greeted(authorities, &hello.unit);
                    }
                    // Who can't be told of changes isn't waited for.
                    let told = self.session.settled().has(Capabilities::OFFERS);
                    let listener = || Listener::new(&self.shared.board, &self.told);
                    self.listener = told.then(listener);
                    self.told.tell(&self.shared.board, &mut self.session);
                    let (unit, version) = (hello.unit, self.session.settled().version);
                    let Peer { address, identity } = &*self.peer;
                    let identity = identity.as_ref().map(tracing::field::display);
                    tracing::debug!(peer = address, identity, unit, version, "connection accepted");
                }
                // Calls were dealt with above, and this side makes none.
                Event::Call(..) | Event::GoAway(..) | Event::Nothing => {}
                Event::Reply(..) | Event::Failure(..) => {}
                Event::Offers(_) | Event::Health(_) => {}
                Event::Pong(ping) => {
                    if let Some(listener) = &self.listener {
                        self.told.ponged(ping, listener);
                    }
                }
            }
            // Frames that need no answer have nothing written, which would be the others' turn. Calls
            // of one read are taken in one go, for their time runs from then.
            if self.fairness.is_due() {
                break;
            }
        }
        let held = self.buffer.capacity() + self.session.output_len() + self.pipe.unsent();
        if self.share.hold(held) { Ok(any) } else { Err(Closed::Memory) }
    }

    /// Who says hello is who it was proved to be, if anything proves it.
    fn proved(&self, hello: &Hello) -> Result<(), Refusal> {
        match &self.peer.identity {
            Some(PeerIdentity::Certificate { unit }) if *unit != hello.unit => {
                let (says, proved) = (hello.unit.clone(), unit.clone());
                Err(Refusal::OtherHello { says, proved })
            }
            _ => Ok(()),
        }
    }

    /// Answers the calls that are over by now.
    fn poll_running(&mut self, cx: &mut Context<'_>) {
        if self.running.is_empty() || self.is_congested() {
            return;
        }
        let session = &mut self.session;
        self.running.poll(cx, |id, result| match result {
            Ok(body) => {
                let written = session.reply(id, |out| {
                    out.extend_from_slice(&body.bytes);
                    let mark = ReplyMark { kind: body.kind, degraded: body.degraded };
                    Ok::<ReplyMark, std::convert::Infallible>(mark)
                });
                if let Err(error) = written {
                    fail(session, id, &unsendable(&error));
                }
            }
            Err(failure) => fail(session, id, &failure),
        });
    }

    /// Does what time demands; ready if that was something.
    fn poll_alarm(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let due = self.session.next_tick();
        let due = self.stalled.map_or(due, |(since, _)| due.min(since.after(STALL)));
        let due = self.partial.map_or(due, |since| due.min(since.after(FRAME)));
        ready!(self.alarm.poll(cx, due));
        let now = self.shared.clock.now();
        self.check_stall(now)?;
        self.since.check(now)?;
        if self.partial.is_some_and(|since| now.since(since) >= FRAME) {
            return Poll::Ready(Err(Closed::SlowFrame));
        }
        if self.is_congested() {
            // Nothing is read meanwhile, so silence means nothing.
            self.session.heard(now);
        }
        self.session.tick(now, |()| ())?;
        if self.running.is_empty() {
            self.running.shrink();
            self.buffer.shrink();
            self.session.shrink();
            self.pipe.shrink();
        }
        Poll::Ready(Ok(()))
    }

    fn check_stall(&mut self, now: Moment) -> Result<(), Closed> {
        let unsent = self.pipe.unsent();
        self.stalled = match self.stalled {
            _ if unsent == 0 => None,
            Some((since, before)) if before == unsent => {
                if now.since(since) >= STALL {
                    return Err(Closed::Stalled);
                }
                Some((since, before))
            }
            _ => Some((now, unsent)),
        };
        Ok(())
    }

    fn is_congested(&self) -> bool {
        self.session.output_len() + self.pipe.unsent() >= CONGESTED
    }

    /// Tells the peer why the connection ends, if that can be told quickly.
    async fn last_word(&mut self, closed: &Closed) {
        if let Closed::Violation(violation) = closed {
            let reason = match violation {
                Violation::OtherApp => GoAwayReason::OtherApp,
                _ => GoAwayReason::Violation,
            };
            self.session.leave(reason, &violation.to_string());
        }
        if let Closed::Refused(refusal) = closed {
            self.session.leave(GoAwayReason::Violation, &refusal.to_string());
        }
        if matches!(closed, Closed::StoodStill) {
            self.session.leave(GoAwayReason::StoodStill, "the unit stood still");
        }
        if matches!(closed, Closed::Io(_) | Closed::Stalled | Closed::ByPeer | Closed::MidFrame) {
            return;
        }
        if self.pipe.is_written() {
            self.session.take_output(self.pipe.batch());
        }
        let Self { pipe, buffer, .. } = self;
        buffer.clear();
        buffer.shrink();
        let mut ended = false;
        let word = poll_fn(|cx| pipe.poll_end(cx, &mut ended, buffer));
        // Best effort: the peer sees the end of the stream in any case.
        let _ = tokio::time::timeout(LAST_WORD, word).await;
    }
}

/// Lets a call in, at `now`. If it is over at once, its answer goes straight to the output. Returns
/// when that was, if it is known.
#[inline(always)]
fn serve(
    hosted: &Hosted,
    session: &mut Session<()>,
    running: &mut Running,
    contexts: &mut Contexts,
    call: &CallParts<'_>,
    came: Moment,
    now: Moment,
) -> Option<Moment> {
    let id = call.id();
    let (context, caller) = match contexts.of(call, came) {
        Ok(found) => found,
        Err(why) => {
            fail(session, id, &why.into());
            return Some(now);
        }
    };
    let mut over = now;
    let served = session.reply(id, |out| {
        let (method, body, form) = (call.method(), call.body, call.form());
        let inbound = Inbound { method, body, form, context, caller, now };
        match hosted.inlet.serve(inbound, out) {
            Served::Answered(at) => {
                over = at;
                Ok(ReplyMark::from(ReplyKind::Answer))
            }
            Served::ServiceError(at) => {
                over = at;
                Ok(ReplyMark::from(ReplyKind::ServiceError))
            }
            Served::Degraded(at) => {
                over = at;
                Ok(ReplyMark { kind: ReplyKind::Answer, degraded: true })
            }
            Served::DegradedError(at) => {
                over = at;
                Ok(ReplyMark { kind: ReplyKind::ServiceError, degraded: true })
            }
            other => Err(other),
        }
    });
    match served {
        Ok(()) => return Some(over),
        Err(EncodeError::Body(Served::Later(reply))) => running.insert(id, *reply),
        Err(EncodeError::Body(Served::Failed(failure))) => fail(session, id, &failure),
        // Those are replies, which is what was said above.
        Err(EncodeError::Body(_)) => fail(session, id, &Unknown::Abandoned.into()),
        Err(EncodeError::FrameTooLarge { length, cap }) => {
            fail(session, id, &unsendable(&EncodeError::FrameTooLarge { length, cap }));
        }
        Err(EncodeError::TooLong { what, length, cap }) => {
            fail(session, id, &unsendable(&EncodeError::TooLong { what, length, cap }));
        }
    }
    None
}

/// Why a call isn't let in whose service isn't active. The session took only calls of services in this
/// unit's hello.
#[cold]
fn inactive(hosted: Option<&Hosted>) -> NotExecuted {
    let service = hosted.map_or("the service", |hosted| hosted.inlet.service().name());
    NotExecuted::unavailable(format!("`{service}` isn't active in this instance"))
}

/// The turn has run, and its answer can't be told.
fn unsendable(error: &EncodeError) -> Failure {
    Unknown::ConnectionLost { reason: format!("the answer can't be sent: {error}").into() }.into()
}

fn fail(session: &mut Session<()>, id: CallId, failure: &Failure) {
    failure_to_wire(id, failure, |id, code, after, texts| session.fail(id, code, after, texts));
}

const _: fn() = || {
    fn movable<T: Send>() {}
    movable::<Pin<Box<Connection>>>();
};
