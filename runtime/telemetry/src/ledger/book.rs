//! The entries of one unit, as many as there is room for.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::entry::{Entry, Found, State};

/// What an entry takes beside its text: its id once more, its places in both maps.
const EACH: usize = 130;

/// The entries of one unit, by when they came. The oldest make room: first those that were looked into.
///
/// They are kept as text: taken apart, each would take four times as much memory.
#[derive(Debug)]
pub struct Book {
    most: usize,
    bytes: usize,
    entries: BTreeMap<u64, Held>,
    numbers: HashMap<Box<str>, u64>,
    next: u64,
    open: usize,
    /// The sum of all lines, and of all texts.
    lines: usize,
    texts: usize,
    lost: u64,
}

/// An entry that is kept.
#[derive(Debug)]
struct Held {
    /// Its members without their names, as JSON.
    text: Box<[u8]>,
    state: State,
    /// How long its line in the file is.
    line: u32,
}

impl Held {
    fn new(entry: &Entry) -> serde_json::Result<Self> {
        let Entry { id, at, trace_id, caller, callee, code, arguments, state, found, note } = entry;
        let said = (id, at, trace_id, caller, callee, code, arguments, state, found, note);
        let line = u32::try_from(entry.line()?.len()).unwrap_or(u32::MAX);
        Ok(Self { text: serde_json::to_vec(&said)?.into(), state: *state, line })
    }

    /// What it says; it was written here.
    fn entry(&self) -> Option<Entry> {
        type Said = (
            String,
            String,
            String,
            String,
            String,
            String,
            Value,
            State,
            Option<Found>,
            Option<String>,
        );
        let said = serde_json::from_slice::<Said>(&self.text).ok()?;
        let (id, at, trace_id, caller, callee, code, arguments, state, found, note) = said;
        Some(Entry { id, at, trace_id, caller, callee, code, arguments, state, found, note })
    }
}

impl Book {
    /// None yet, and room for so many that take no more than so many bytes.
    pub fn new(most: usize, bytes: usize) -> Self {
        Self {
            most,
            bytes,
            entries: BTreeMap::new(),
            numbers: HashMap::new(),
            next: 0,
            open: 0,
            lines: 0,
            texts: 0,
            lost: 0,
        }
    }

    /// Puts an entry in, in the place of the one of its id.
    pub fn put(&mut self, entry: &Entry) {
        // It is of texts, numbers and JSON: it can be written.
        let Ok(held) = Held::new(entry) else { return };
        let number = match self.numbers.get(&*entry.id) {
            Some(number) => {
                let number = *number;
                self.take(number);
                number
            }
            None => {
                self.next += 1;
                self.next
            }
        };
        self.lines += held.line as usize;
        self.texts += held.text.len();
        self.open += usize::from(entry.state == State::Open);
        self.numbers.insert(entry.id.as_str().into(), number);
        self.entries.insert(number, held);
        while self.entries.len() > self.most
            || (self.taken() > self.bytes && self.entries.len() > 1)
        {
            self.make_room();
        }
    }

    fn take(&mut self, number: u64) -> Option<State> {
        let held = self.entries.remove(&number)?;
        self.lines -= held.line as usize;
        self.texts -= held.text.len();
        self.open -= usize::from(held.state == State::Open);
        if let Some(entry) = held.entry() {
            self.numbers.remove(&*entry.id);
        }
        Some(held.state)
    }

    fn make_room(&mut self) {
        // Looked for among the oldest alone, so that a full book costs no more than that.
        let oldest = || self.entries.iter().take(64);
        let done = oldest().find(|(_, held)| held.state != State::Open);
        let Some(number) = done.or_else(|| oldest().next()).map(|(number, _)| *number) else {
            return;
        };
        if self.take(number) == Some(State::Open) {
            self.lost += 1;
        }
    }

    /// The entry of that id.
    pub fn get(&self, id: &str) -> Option<Entry> {
        self.entries.get(self.numbers.get(id)?)?.entry()
    }

    /// All of them, in the order in which they came.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Entry> {
        self.entries.values().filter_map(Held::entry)
    }

    /// How many there are of which nobody knows what became of them.
    pub const fn open(&self) -> usize {
        self.open
    }

    /// How many of these were lost since the last time, because there was no room.
    pub const fn take_lost(&mut self) -> u64 {
        std::mem::replace(&mut self.lost, 0)
    }

    /// How many bytes their lines have.
    pub(super) const fn size(&self) -> usize {
        self.lines
    }

    /// How many bytes of memory they take.
    fn taken(&self) -> usize {
        self.texts + EACH * self.entries.len()
    }

    /// What became of a call is known; the entry, if that is news.
    pub fn found(&mut self, id: &str, found: Found) -> Option<Entry> {
        let known = self.get(id)?;
        // A later attempt of it may have come further than the first.
        if known.found >= Some(found) {
            return None;
        }
        let state = if known.state == State::Open { State::Found } else { known.state };
        let entry = Entry { state, found: Some(found), ..known };
        self.put(&entry);
        Some(entry)
    }

    /// The same call was made again, and has come to this; the entry, if that is news.
    pub fn settle(&mut self, id: &str, found: Found) -> Option<Entry> {
        let known = self.get(id)?;
        // What its callee has said of it stands, unless it came to nothing.
        if known.found > Some(Found::Failed) {
            return None;
        }
        let state = if known.state == State::Resolved { known.state } else { State::Settled };
        let entry = Entry { state, found: Some(found), ..known };
        self.put(&entry);
        Some(entry)
    }

    /// Somebody has looked into a call; the entry, and how it was, if there is such.
    pub fn resolve(&mut self, id: &str, note: String) -> Option<(Entry, State)> {
        let known = self.get(id)?;
        let before = known.state;
        let entry = Entry { state: State::Resolved, note: Some(note), ..known };
        self.put(&entry);
        Some((entry, before))
    }
}

#[cfg(test)]
mod tests {
    use super::super::file::tests::entry;
    use super::*;

    fn ids(book: &Book) -> Vec<String> {
        book.iter().map(|entry| entry.id).collect()
    }

    #[test]
    fn what_was_looked_into_makes_room_first_and_what_is_lost_is_counted() {
        let mut book = Book::new(3, usize::MAX);
        ["a", "b", "c"].into_iter().for_each(|id| book.put(&entry(id)));
        assert_eq!(book.open(), 3);
        assert_eq!(book.found("b", Found::Failed).unwrap().state, State::Found);
        assert!(book.found("b", Found::Failed).is_none(), "no news");
        assert_eq!(book.found("b", Found::Answered).unwrap().found, Some(Found::Answered));
        assert!(
            book.found("b", Found::Failed).is_none() && book.found("x", Found::Failed).is_none()
        );
        assert_eq!(book.open(), 2);
        book.put(&entry("d"));
        assert_eq!((ids(&book), book.lost), (["a", "c", "d"].map(String::from).to_vec(), 0));
        book.put(&entry("e"));
        let lost = book.take_lost();
        assert_eq!(
            (ids(&book), lost, book.open()),
            (["c", "d", "e"].map(String::from).to_vec(), 1, 3)
        );
        let (resolved, before) = book.resolve("d", "charged once".into()).unwrap();
        assert_eq!((resolved.state, before), (State::Resolved, State::Open));
        assert_eq!((&*book.get("d").unwrap().note.unwrap(), book.open()), ("charged once", 2));
        assert!(book.resolve("a", String::new()).is_none());
        // It was resolved: what is found out later is told all the same.
        let later = book.found("d", Found::Answered).unwrap();
        assert_eq!((later.state, later.found), (State::Resolved, Some(Found::Answered)));
    }

    #[test]
    fn what_is_known_of_a_call_isnt_settled_by_another() {
        let mut book = Book::new(9, usize::MAX);
        ["a", "b", "c", "d"].into_iter().for_each(|id| book.put(&entry(id)));
        let settled = book.settle("a", Found::Answered).unwrap();
        assert_eq!((settled.state, settled.found), (State::Settled, Some(Found::Answered)));
        assert!(book.settle("a", Found::ServiceError).is_none(), "it is settled");
        book.found("b", Found::Failed);
        let settled = book.settle("b", Found::ServiceError).unwrap();
        assert_eq!((settled.state, settled.found), (State::Settled, Some(Found::ServiceError)));
        book.found("c", Found::Answered);
        assert!(book.settle("c", Found::Answered).is_none());
        book.resolve("d", "looked at".into());
        let resolved = book.settle("d", Found::Answered).unwrap();
        assert_eq!((resolved.state, resolved.found), (State::Resolved, Some(Found::Answered)));
        assert_eq!(book.open(), 0);
        // Its callee says later what became of the first one.
        assert!(book.found("a", Found::Failed).is_none());
        assert_eq!(book.found("b", Found::Answered).unwrap().state, State::Settled);
    }

    #[test]
    fn it_takes_no_more_memory_than_it_may() {
        let size = Held::new(&entry("a")).unwrap().text.len() + EACH;
        let mut book = Book::new(100, size * 5);
        (0..1_000).for_each(|n| book.put(&entry(&(n % 10).to_string())));
        assert!(book.taken() <= size * 5 && book.iter().count() == 5, "{book:?}");
        // A hundred thousand calls of few arguments have room in what a unit gives them.
        assert!(size * 100_000 <= 32 << 20, "{size}");
    }
}
