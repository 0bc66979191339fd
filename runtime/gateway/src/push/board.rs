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
/// The event that tells a client that others may be missing: what it knows it should ask for anew.
const MISSED: &str = "seam.missed";

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
    number: u64,
    /// `None` if those up to that number went before they were heard, whomever they were for.
    pushed: Option<Pushed>,
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
    /// The latest one that was put up and isn't kept any more.
    gone: u64,
}

impl Kept {
    fn is_for(&self, subject: &str) -> bool {
        self.pushed.as_ref().is_none_or(|pushed| *pushed.subject == *subject)
    }
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
            state.processes.push(Process { id: process, began, heard: 0, head: 0, gone: 0 });
            state.processes.len() - 1
        });
        let mut heard = state.processes[known].heard;
        let mut woken = Vec::new();
        for pushed in events {
            if pushed.number <= heard {
                continue;
            }
            let (number, missing) = (pushed.number, pushed.number - 1);
            if missing > heard {
                let is_old = missing <= old;
                let gap = Kept { process, number: missing, pushed: None, is_old };
                woken.extend(state.keep(gap));
            }
            heard = number;
            let is_old = number <= old;
            woken.extend(state.keep(Kept { process, number, pushed: Some(pushed), is_old }));
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
        let mut cursor = last.unwrap_or_default();
        if !resumes {
            state.pass(&mut cursor, |process| process.head);
        }
        let number = state.next_listener;
        state.next_listener += 1;
        let subject: Arc<str> = subject.into();
        state.by_subject.entry(Arc::clone(&subject)).or_default().push(number);
        let listener = Listener { subject: Arc::clone(&subject), next, waker: None };
        state.listeners.insert(number, listener);
        let (board, since) = (Arc::clone(self), Instant::now());
        Listening { board, number, cursor, resumes, begins: true, since }
    }
}

impl State {
    /// Passes everything of each process up to a number, as far as it isn't passed. Whether any wasn't.
    fn pass(&self, cursor: &mut Cursor, to: impl Fn(&Process) -> u64) -> bool {
        let mut passed = false;
        for process in &self.processes {
            if to(process) > cursor.of(process.id).unwrap_or(0) {
                cursor.pass(process.id, to(process));
                passed = true;
            }
        }
        passed
    }

    /// Puts it up behind the others; whoever it is for is to be woken.
    fn keep(&mut self, kept: Kept) -> Vec<Waker> {
        let place = self.first + self.kept.len() as u64;
        let mut woken = Vec::new();
        let mut tell = |listener: &mut Listener| {
            listener.next.get_or_insert(place);
            woken.extend(listener.waker.take());
        };
        match &kept.pushed {
            None => self.listeners.values_mut().for_each(tell),
            Some(pushed) => {
                for number in self.by_subject.get(&pushed.subject).into_iter().flatten() {
                    self.listeners.get_mut(number).into_iter().for_each(&mut tell);
                }
            }
        }
        if self.kept.len() == KEPT
            && let Some(gone) = self.kept.pop_front()
        {
            self.first += 1;
            let process = self.processes.iter_mut().find(|process| process.id == gone.process);
            process.into_iter().for_each(|process| process.gone = gone.number);
        }
        self.kept.push_back(kept);
        woken
    }
}

/// Somebody who listens, until it is dropped.
pub(super) struct Listening {
    board: Arc<Board>,
    number: u64,
    cursor: Cursor,
    /// It has been here before, or at another edge.
    resumes: bool,
    /// It hasn't read anything yet.
    begins: bool,
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

    /// How far it has heard in the end, if that is further than the last event that it was sent: then
    /// what came in between was for others.
    pub(super) fn last_cursor(&mut self) -> Option<&Cursor> {
        let state = self.board.0.lock();
        let listener = state.listeners.get(&self.number)?;
        let has_read_all = !self.begins && listener.next.is_none();
        let passed = has_read_all && state.pass(&mut self.cursor, |process| process.heard);
        drop(state);
        passed.then_some(&self.cursor)
    }

    /// What is there for it and wasn't read yet, as server-sent events; `None` at the end.
    ///
    /// # Errors
    /// [`TooSlow`]: some of it may be gone.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, TooSlow>>> {
        let mut state = self.board.0.lock();
        let state = &mut *state;
        let mut piece = String::new();
        if std::mem::take(&mut self.begins)
            && self.resumes
            && state.pass(&mut self.cursor, |process| process.gone)
        {
            write(&mut piece, &self.cursor, None);
        }
        let listener = state.listeners.get_mut(&self.number);
        let Some(listener) = listener.filter(|_| !state.over) else { return Poll::Ready(None) };
        if let Some(next) = listener.next {
            let Some(begin) = next.checked_sub(state.first) else {
                return Poll::Ready(Some(Err(TooSlow)));
            };
            let begin = usize::try_from(begin).unwrap_or(usize::MAX);
            listener.next = None;
            for (at, kept) in state.kept.iter().enumerate().skip(begin) {
                if !kept.is_for(&listener.subject) {
                    continue;
                }
                if piece.len() >= PIECE {
                    listener.next = Some(state.first + at as u64);
                    break;
                }
                let process = state.processes.iter().find(|process| process.id == kept.process);
                let is_new = match self.cursor.of(kept.process) {
                    Some(seen) => kept.number > seen,
                    None => {
                        let began_since = process.is_some_and(|process| process.began > self.since);
                        self.resumes || !kept.is_old || began_since
                    }
                };
                if is_new {
                    self.cursor.pass(kept.process, kept.number);
                    write(&mut piece, &self.cursor, kept.pushed.as_ref());
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

/// An event, or that some may be missing.
fn write(out: &mut String, id: &Cursor, pushed: Option<&Pushed>) {
    let (event, data) = match pushed {
        Some(Pushed { event, data, .. }) => (&**event, String::from_utf8_lossy(data)),
        None => (MISSED, "{}".into()),
    };
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
            let name = lines.next().unwrap().strip_prefix("event: ").unwrap();
            let data = lines.next().unwrap().strip_prefix("data: ").unwrap();
            assert_eq!((name == MISSED, name != "told"), (data == "{}", data == "{}"));
            // In numbers, 0 is no event's.
            let data = if name == MISSED { "0" } else { data };
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
        // It is told that there was more, and all that is kept; once.
        assert_eq!(data(read(&mut late))[..3], [0, 2, 3]);
        let last = late.cursor().to_string();
        assert!(read(&mut board.listen("ada", Some(&last))).is_empty());
        assert_eq!(data(read(&mut board.listen("ada", Some("1-1"))))[..2], [2, 3]);
        // Who has nothing to read isn't slow, whatever others are sent.
        let mut eve = board.listen("eve", None);
        put_up(&board, 1, 1_002..=5_000, false);
        assert!(read(&mut eve).is_empty());
    }

    #[tokio::test]
    async fn what_went_before_it_was_heard_is_told_of() {
        let board = Arc::new(Board::default());
        put_up(&board, 1, 1..=2, false);
        let (mut ada, mut eve) = (board.listen("ada", None), board.listen("eve", None));
        put_up(&board, 1, 5..=6, false);
        assert_eq!(data(read(&mut ada)), [0, 5, 6]);
        assert_eq!(read(&mut eve), [("1-4".into(), "0".into())], "nobody knows whom they were for");
        // For whom they are old, they are no news.
        let (mut fresh, mut again) = (board.listen("ada", None), board.listen("ada", Some("2-3")));
        put_up(&board, 2, 5..=5, true);
        assert_eq!(
            (data(read(&mut fresh)), data(read(&mut again))),
            (vec![], vec![1, 2, 0, 5, 6, 0, 5])
        );
    }

    #[tokio::test]
    async fn who_has_read_all_comes_back_behind_it() {
        let board = Arc::new(Board::default());
        let mut eve = board.listen("eve", None);
        assert_eq!(eve.last_cursor(), None);
        put_up(&board, 1, 1..=1_500, false);
        assert!(read(&mut eve).is_empty());
        let last = eve.last_cursor().unwrap().to_string();
        assert_eq!((last.as_str(), eve.last_cursor()), ("1-1500", None));
        assert!(read(&mut board.listen("eve", Some(&last))).is_empty());
        assert_eq!(data(read(&mut board.listen("eve", Some("0")))), [0]);
        // Who has something to read stays before it.
        let mut ada = board.listen("ada", None);
        put_up(&board, 1, 1_501..=1_501, false);
        assert_eq!(ada.last_cursor(), None);
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
