//! The counts of one caller's calls to one service.

use std::borrow::Cow;

use parking_lot::Mutex;

use super::table::{Table, Times};
use super::way::{Happened, Way};
use crate::record::Ended;

/// So many different codes are told apart of one method, on one way.
const CODES: usize = 64;
/// What further ones are counted as.
const OTHER: &str = "other";

/// The code of what went wrong: a text of the program's, but for services of contracts that were fetched.
type Code = Cow<'static, str>;

#[derive(Debug)]
pub(super) struct Counts {
    methods: usize,
    tables: [Table; Way::ALL.len()],
    /// How long calls waited that came to run here.
    waits: Table,
    /// What is rare.
    rare: Mutex<Vec<Rare>>,
}

/// What is rare of a method, on one way.
#[derive(Debug)]
struct Rare {
    way: Way,
    method: u16,
    /// Those that weren't answered.
    failed: Vec<(Ended, Code, u64)>,
    /// Those over their limit, by how they ended.
    slow: Vec<(Ended, Code, u64)>,
    happened: [u64; 3],
}

/// How many calls of a method ended so, on one way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) ended: Ended,
    /// Empty of those that were answered.
    pub(super) code: Code,
    pub(super) count: u64,
    pub(super) slow: u64,
}

/// All that is counted of a method, on one way, at one moment.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) times: Times,
    pub(super) waits: Times,
    pub(super) sums: Vec<Sum>,
    pub(super) happened: [u64; 3],
}

impl Counts {
    pub(super) fn new(methods: usize) -> Self {
        let (tables, waits, rare) = Default::default();
        Self { methods, tables, waits, rare }
    }

    /// Counts a call that was answered.
    #[inline]
    pub(super) fn answered(&self, way: Way, method: u16, nanos: u64) {
        self.tables[way as usize].count(self.methods, method, nanos);
    }

    /// Counts a call that wasn't.
    #[cold]
    pub(super) fn failed(
        &self,
        (way, method): (Way, u16),
        (ended, code): (Ended, &Code),
        nanos: u64,
    ) {
        let mut rare = self.rare.lock();
        // Within the lock, so that who reads finds both or neither.
        self.tables[way as usize].count(self.methods, method, nanos);
        add(&mut row(&mut rare, way, method).failed, ended, code);
    }

    /// Counts that a call which was counted has been slow.
    #[cold]
    pub(super) fn slow(&self, way: Way, method: u16, ended: Ended, code: &Code) {
        add(&mut row(&mut self.rare.lock(), way, method).slow, ended, code);
    }

    /// Counts how long a call waited that came to run here.
    pub(super) fn waited(&self, method: u16, nanos: u64) {
        self.waits.count(self.methods, method, nanos);
    }

    /// Counts what became of a call beside its outcome.
    #[cold]
    pub(super) fn note(&self, way: Way, method: u16, happened: Happened) {
        row(&mut self.rare.lock(), way, method).happened[happened as usize] += 1;
    }

    /// How many were counted on that way.
    pub(super) fn total(&self, way: Way) -> u64 {
        self.tables[way as usize].total()
    }

    /// All that is counted of a method on that way.
    pub(super) fn read(&self, way: Way, method: u16) -> Read {
        let mut read = Read::default();
        let rare = self.rare.lock();
        self.tables[way as usize].add_to(&mut read.times, method.into());
        let all = read.times.number();
        let of_it = rare.iter().find(|rare| rare.way == way && rare.method == method);
        let failed = of_it.map(|rare| &*rare.failed).unwrap_or_default();
        let slow = of_it.map(|rare| &*rare.slow).unwrap_or_default();
        let slow = |ended: Ended, code: &str| {
            let found = slow.iter().find(|(e, c, _)| *e == ended && c == code);
            found.map_or(0, |(.., count)| *count)
        };
        let answered = all - failed.iter().map(|(.., count)| count).sum::<u64>().min(all);
        let sum = |ended, code: &Code, count| Sum {
            ended,
            code: code.clone(),
            count,
            slow: slow(ended, code),
        };
        if answered > 0 {
            read.sums.push(sum(Ended::Answered, &Cow::Borrowed(""), answered));
        }
        read.sums.extend(failed.iter().map(|(ended, code, count)| sum(*ended, code, *count)));
        read.happened = of_it.map(|rare| rare.happened).unwrap_or_default();
        drop(rare);
        if way == Way::Served {
            self.waits.add_to(&mut read.waits, method.into());
        }
        // Who didn't have to wait isn't counted for that.
        let waited = read.waits.number();
        read.waits.add_nothing(all.saturating_sub(waited));
        read
    }
}

fn row(rare: &mut Vec<Rare>, way: Way, method: u16) -> &mut Rare {
    let at = rare.iter().position(|rare| rare.way == way && rare.method == method);
    let at = at.unwrap_or_else(|| {
        let (failed, slow, happened) = Default::default();
        rare.push(Rare { way, method, failed, slow, happened });
        rare.len() - 1
    });
    &mut rare[at]
}

fn add(sums: &mut Vec<(Ended, Code, u64)>, ended: Ended, code: &Code) {
    let other = Cow::Borrowed(OTHER);
    let code = if sums.len() < CODES || sums.iter().any(|(_, known, _)| known == code) {
        code
    } else {
        &other
    };
    match sums.iter_mut().find(|(e, c, _)| *e == ended && c == code) {
        Some((.., count)) => *count += 1,
        None => sums.push((ended, code.clone(), 1)),
    }
}
