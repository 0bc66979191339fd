//! Where an edge puts up what is pushed, and who reads it.
//!
//! The board has the last events of all subjects in the order in which they came. A listener has no
//! queue of its own: it knows where it has yet to look, and is woken for its subject alone. One that
//! is so slow that the board has moved on is dropped, and may come back by its last id.

use std::collections::{HashMap, VecDeque};
use std::fmt::{self, Write};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::time::Instant;

use super::cursor::Cursor;
use super::{KEPT, Pushed, Said};

/// About so many bytes are sent at once.
const PIECE: usize = 16 << 10;

/// What was pushed of late, for those who are connected to one edge.
#[derive(Default)]
pub struct Board(Mutex<State>);

#[derive(Default)]
struct State {
    kept: VecDeque<Kept>,
    /// The place of the first one that is kept, counted from the first ever.
    first: u64,
    processes: Vec<Process>,
    listeners: HashMap<u64, Listener>,
    by_subject: HashMap<Arc<str>, Vec<u64>>,
    next_listener: u64,
    /// Nobody listens here any more.
    over: bool,
}

struct Kept {
    process: u32,
    pushed: Pushed,
    /// It was pushed before the edge heard its process.
    is_old: bool,
}

/// Somebody who pushes.
struct Process {
    id: u32,
    /// When it began to.
    began: Instant,
    /// The latest event of it that was put up.
    heard: u64,
    /// The latest one that it is known to have pushed.
    head: u64,
}

struct Listener {
    subject: Arc<str>,
    /// Where it has yet to look; `None` if it has seen everything.
    next: Option<u64>,
    waker: Option<Waker>,
}

impl Board {
    /// Puts up what a process says; what was heard of it before is passed over.
    pub fn put_up(&self, said: Said) {
        let Said { process, age, head, old, events } = said;
        let mut state = self.0.lock();
        let state = &mut *state;
        let known = state.processes.iter().position(|known| known.id == process);
        let known = known.unwrap_or_else(|| {
            let now = Instant::now();
            let began = now.checked_sub(age).unwrap_or(now);
            if state.processes.len() == KEPT {
                // The one that was heard of first: it is hardly there any more.
                state.processes.remove(0);
            }
            state.processes.push(Process { id: process, began, heard: 0, head: 0 });
            state.processes.len() - 1
        });
        let mut heard = state.processes[known].heard;
        let mut woken = Vec::new();
        for pushed in events {
            if pushed.number <= heard {
                continue;
            }
            heard = pushed.number;
            let place = state.first + state.kept.len() as u64;
            for listener in state.by_subject.get(&pushed.subject).into_iter().flatten() {
                if let Some(listener) = state.listeners.get_mut(listener) {
                    listener.next.get_or_insert(place);
                    woken.extend(listener.waker.take());
                }
            }
            if state.kept.len() == KEPT {
                state.kept.pop_front();
                state.first += 1;
            }
            let is_old = pushed.number <= old;
            state.kept.push_back(Kept { process, pushed, is_old });
        }
        let known = &mut state.processes[known];
        (known.heard, known.head) = (heard, known.head.max(head).max(heard));
        woken.into_iter().for_each(Waker::wake);
    }

    /// Ends all streams, and every one that begins from now on.
    pub fn end(&self) {
        let mut state = self.0.lock();
        state.over = true;
        let listeners = state.listeners.values_mut();
        let woken: Vec<_> = listeners.filter_map(|listener| listener.waker.take()).collect();
        drop(state);
        woken.into_iter().for_each(Waker::wake);
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.0.lock().listeners.len()
    }

    /// Listens for a subject: from behind the event of that id on, as far as that is kept, or from
    /// now on.
    pub(super) fn listen(self: &Arc<Self>, subject: &str, last: Option<&str>) -> Listening {
        let mut state = self.0.lock();
        let state = &mut *state;
        let last = last.and_then(Cursor::parse);
        let (resumes, next) = (last.is_some(), last.is_some().then_some(state.first));
        let cursor = last.unwrap_or_else(|| {
            let mut cursor = Cursor::default();
            let heard = state.processes.iter().filter(|process| process.head > 0);
            heard.for_each(|process| cursor.pass(process.id, process.head));
            cursor
        });
        let number = state.next_listener;
        state.next_listener += 1;
        let subject: Arc<str> = subject.into();
        state.by_subject.entry(Arc::clone(&subject)).or_default().push(number);
        let listener = Listener { subject: Arc::clone(&subject), next, waker: None };
        state.listeners.insert(number, listener);
        let (board, since) = (Arc::clone(self), Instant::now());
        Listening { board, number, cursor, resumes, since }
    }
}

/// Somebody who listens, until it is dropped.
pub(super) struct Listening {
    board: Arc<Board>,
    number: u64,
    cursor: Cursor,
    /// It has been here before, or at another edge.
    resumes: bool,
    since: Instant,
}

/// The board has moved on before its reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the client reads too slowly: what it hasn't read isn't kept any longer")]
pub(super) struct TooSlow;

impl Listening {
    /// How far it has heard.
    pub(super) const fn cursor(&self) -> &Cursor {
        &self.cursor
    }

    /// What is there for it and wasn't read yet, as server-sent events; `None` at the end.
    ///
    /// # Errors
    /// [`TooSlow`]: some of it may be gone.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TooSlow>>> {
        let mut state = self.board.0.lock();
        let state = &mut *state;
        let listener = state.listeners.get_mut(&self.number);
        let Some(listener) = listener.filter(|_| !state.over) else { return Poll::Ready(None) };
        let mut piece = String::new();
        if let Some(next) = listener.next {
            let Some(begin) = next.checked_sub(state.first) else {
                return Poll::Ready(Some(Err(TooSlow)));
            };
            let begin = usize::try_from(begin).unwrap_or(usize::MAX);
            listener.next = None;
            for (at, kept) in state.kept.iter().enumerate().skip(begin) {
                if kept.pushed.subject != listener.subject {
                    continue;
                }
                if piece.len() >= PIECE {
                    listener.next = Some(state.first + at as u64);
                    break;
                }
                let process = state.processes.iter().find(|process| process.id == kept.process);
                let is_new = match self.cursor.of(kept.process) {
                    Some(seen) => kept.pushed.number > seen,
                    None => {
                        let began_since = process.is_some_and(|process| process.began > self.since);
                        self.resumes || !kept.is_old || began_since
                    }
                };
                if is_new {
                    self.cursor.pass(kept.process, kept.pushed.number);
                    write(&mut piece, &self.cursor, &kept.pushed);
                }
            }
        }
        if piece.is_empty() {
            listener.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(Some(Ok(piece.into())))
    }
}

fn write(out: &mut String, id: &Cursor, Pushed { event, data, .. }: &Pushed) {
    let data = String::from_utf8_lossy(data);
    // To a text, nothing fails.
    let _ = write!(out, "id: {id}\nevent: {event}\ndata: {data}\n\n");
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut state = self.board.0.lock();
        let Some(Listener { subject, .. }) = state.listeners.remove(&self.number) else { return };
        if let Some(same) = state.by_subject.get_mut(&subject) {
            same.retain(|number| *number != self.number);
            if same.is_empty() {
                state.by_subject.remove(&subject);
            }
        }
    }
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Board({} listen)", self.listeners())
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::ops::RangeInclusive;
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    fn pushed(number: u64, subject: &str) -> Pushed {
        let data = number.to_string().into();
        Pushed { number, subject: subject.into(), event: "told".into(), data }
    }

    fn put_up(board: &Board, process: u32, numbers: RangeInclusive<u64>, are_old: bool) {
        let head = *numbers.end();
        let events = numbers.map(|number| pushed(number, "ada")).collect();
        let old = if are_old { head } else { 0 };
        board.put_up(Said { process, age: HOUR, head, old, events });
    }

    /// What is there to be read: ids and data.
    fn read(listening: &mut Listening) -> Vec<(String, String)> {
        let mut all = String::new();
        while let Some(Some(piece)) = poll_fn(|cx| listening.poll(cx)).now_or_never() {
            all.push_str(std::str::from_utf8(&piece.unwrap()).unwrap());
        }
        let event = |event: &str| {
            let mut lines = event.lines();
            let id = lines.next().unwrap().strip_prefix("id: ").unwrap();
            assert_eq!(lines.next(), Some("event: told"));
            let data = lines.next().unwrap().strip_prefix("data: ").unwrap();
            (id.to_owned(), data.to_owned())
        };
        all.split_terminator("\n\n").map(event).collect()
    }

    fn data(events: Vec<(String, String)>) -> Vec<u64> {
        events.into_iter().map(|(_, data)| data.parse().unwrap()).collect()
    }

    #[tokio::test]
    async fn who_listens_hears_what_is_for_it_from_then_on() {
        let board = Arc::new(Board::default());
        put_up(&board, 1, 1..=3, true);
        put_up(&board, 1, 4..=4, false);
        let mut ada = board.listen("ada", None);
        let mut eve = board.listen("eve", None);
        assert_eq!((ada.cursor().to_string().as_str(), read(&mut ada).len()), ("1-4", 0));
        put_up(&board, 1, 4..=5, false);
        let events = vec![pushed(6, "eve")];
        board.put_up(Said { process: 1, age: HOUR, head: 6, old: 0, events });
        assert_eq!(read(&mut ada), [("1-5".into(), "5".into())]);
        assert_eq!(data(read(&mut eve)), [6]);
        assert!(read(&mut ada).is_empty(), "once");
        assert_eq!(board.listeners(), 2);
        drop((ada, eve));
        assert_eq!((board.listeners(), board.0.lock().by_subject.len()), (0, 0));
    }

    #[tokio::test]
    async fn who_comes_back_hears_what_it_missed_at_any_edge() {
        let (one, other) = (Arc::new(Board::default()), Arc::new(Board::default()));
        let mut ada = one.listen("ada", None);
        assert_eq!(ada.cursor().to_string(), "0");
        put_up(&one, 1, 1..=2, false);
        put_up(&one, 2, 1..=1, false);
        let (last, _) = read(&mut ada).pop().unwrap();
        assert_eq!(last, "1-2.2-1");
        // The other one heard them the other way round, and more.
        put_up(&other, 2, 1..=2, true);
        put_up(&other, 1, 1..=3, false);
        let mut again = other.listen("ada", Some(&last));
        assert_eq!(
            read(&mut again),
            [("1-2.2-2".into(), "2".into()), ("1-3.2-2".into(), "3".into())]
        );
        // One that has only begun to hear: what it hears later is missed by nobody.
        let third = Arc::new(Board::default());
        let mut again = third.listen("ada", Some(&last));
        put_up(&third, 1, 1..=3, true);
        assert_eq!(data(read(&mut again)), [3]);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_old_is_for_those_who_come_back() {
        let board = Arc::new(Board::default());
        let (mut fresh, mut again) = (board.listen("ada", None), board.listen("ada", Some("0")));
        put_up(&board, 1, 1..=2, true);
        assert_eq!((data(read(&mut fresh)), data(read(&mut again))), (vec![], vec![1, 2]));
        tokio::time::advance(Duration::from_secs(2)).await;
        // What is still to come of the past is no news, either.
        board.put_up(Said {
            process: 3,
            age: HOUR,
            head: 2,
            old: 2,
            events: vec![pushed(1, "ada")],
        });
        let mut later = board.listen("ada", None);
        board.put_up(Said {
            process: 3,
            age: HOUR,
            head: 3,
            old: 2,
            events: vec![pushed(2, "ada")],
        });
        put_up(&board, 3, 3..=3, false);
        assert_eq!(data(read(&mut later)), [3]);
        assert_eq!((data(read(&mut fresh)), data(read(&mut again))), (vec![3], vec![1, 2, 3]));
        // A process that wasn't there when they came.
        let (age, events) = (Duration::from_secs(1), vec![pushed(1, "ada")]);
        board.put_up(Said { process: 2, age, head: 1, old: 1, events });
        assert_eq!((data(read(&mut fresh)), data(read(&mut again))), (vec![1], vec![1]));
    }

    #[tokio::test]
    async fn the_last_thousand_are_kept_and_who_is_slower_is_dropped() {
        let board = Arc::new(Board::default());
        let mut ada = board.listen("ada", None);
        put_up(&board, 1, 1..=1, false);
        put_up(&board, 1, 2..=1_000, false);
        let mut again = board.listen("ada", Some("0"));
        assert_eq!(data(read(&mut again)), (1..=1_000).collect::<Vec<_>>());
        put_up(&board, 1, 1_001..=1_001, false);
        let polled = poll_fn(|cx| ada.poll(cx)).now_or_never();
        assert_eq!(polled, Some(Some(Err(TooSlow))));
        let mut late = board.listen("ada", Some("1-0"));
        assert_eq!(data(read(&mut late)).first(), Some(&2));
        // Who has nothing to read isn't slow, whatever others are sent.
        let mut eve = board.listen("eve", None);
        put_up(&board, 1, 1_002..=5_000, false);
        assert!(read(&mut eve).is_empty());
    }

    #[tokio::test]
    async fn at_the_end_all_streams_are_over() {
        let board = Arc::new(Board::default());
        let mut ada = board.listen("ada", None);
        let waits = poll_fn(|cx| ada.poll(cx));
        let (polled, ()) = tokio::join!(waits, async { board.end() });
        assert_eq!(polled, None);
        let mut late = board.listen("ada", None);
        assert_eq!(poll_fn(|cx| late.poll(cx)).now_or_never(), Some(None));
    }
}
