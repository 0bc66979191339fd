//! The spans of a unit, kept within a bound and looked up. What was slow or failed goes last.

use std::collections::{HashMap, VecDeque};
use std::mem::size_of;

use seam_core::record::{Ended, Record};

/// What a trace takes beside its records: its places in the map and in the line.
const TRACE: usize = 160;

/// The records of a unit, by trace.
#[derive(Debug, Default)]
pub struct Keep {
    /// In bytes.
    bound: usize,
    taken: usize,
    traces: HashMap<u128, Trace>,
    /// The oldest first. One that is worth more than it was when it came in is in both.
    plain: VecDeque<u128>,
    worthy: VecDeque<u128>,
    /// How many traces were ever let go of to make room.
    let_go: u64,
}

#[derive(Debug, Default)]
struct Trace {
    records: Vec<Record>,
    /// It is in the line of those that go last.
    worthy: bool,
}

/// Which traces are looked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filter {
    /// In which a call or request took so long, in nanoseconds.
    pub at_least: u64,
    /// In which a call ended so.
    pub ended: Option<Ended>,
}

impl Keep {
    /// Keeps as much as that, in bytes.
    pub fn new(bound: usize) -> Self {
        Self { bound, ..Self::default() }
    }

    /// Keeps as much as that from now on.
    pub fn set(&mut self, bound: usize) {
        self.bound = bound;
        self.make_room();
    }

    /// Keeps one more.
    pub fn add(&mut self, record: Record) {
        let id = record.spot.trace.get();
        let doubtful = matches!(record.ended, Ended::NotExecuted | Ended::Unknown);
        let trace = self.traces.entry(id).or_insert_with(|| {
            self.taken += TRACE;
            self.plain.push_back(id);
            Trace::default()
        });
        let before = trace.records.capacity();
        trace.records.push(record);
        self.taken += (trace.records.capacity() - before) * size_of::<Record>();
        if (record.slow || doubtful) && !trace.worthy {
            trace.worthy = true;
            self.worthy.push_back(id);
        }
        self.make_room();
    }

    /// The records of a trace; none if there are none any more.
    pub fn trace(&self, id: u128) -> &[Record] {
        self.traces.get(&id).map(|trace| &*trace.records).unwrap_or_default()
    }

    /// The traces in which something is as `filter` says, the latest first.
    pub fn find(
        &self,
        filter: Filter,
        matches: impl Fn(&Record) -> bool,
    ) -> impl Iterator<Item = &[Record]> {
        let worthy = self.worthy.iter();
        let plain = self.plain.iter().filter(|id| self.traces.get(id).is_some_and(|t| !t.worthy));
        let mut found: Vec<&[Record]> = worthy
            .chain(plain)
            .filter_map(|id| self.traces.get(id))
            .map(|trace| &*trace.records)
            .filter(|records| {
                records.iter().any(|record| {
                    record.took >= filter.at_least
                        && filter.ended.is_none_or(|ended| record.ended == ended)
                        && matches(record)
                })
            })
            .collect();
        found.sort_by_key(|records| std::cmp::Reverse(began(records)));
        found.into_iter()
    }

    /// What it takes now, in bytes.
    pub const fn taken(&self) -> usize {
        self.taken
    }

    /// How many traces were let go of to make room.
    pub const fn let_go(&self) -> u64 {
        self.let_go
    }

    fn make_room(&mut self) {
        while self.taken > self.bound {
            let plain = self.plain.pop_front();
            let is_worthy = |id: &u128| self.traces.get(id).is_some_and(|trace| trace.worthy);
            let next = match plain {
                Some(id) if is_worthy(&id) => continue,
                Some(id) => Some(id),
                None => self.worthy.pop_front(),
            };
            let Some(id) = next else { return };
            if let Some(trace) = self.traces.remove(&id) {
                self.taken -= TRACE + trace.records.capacity() * size_of::<Record>();
                self.let_go += 1;
            }
        }
    }
}

/// When the first of them began.
fn began(records: &[Record]) -> u64 {
    records.iter().map(|record| record.began.as_nanos()).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use seam_core::context::{SpanId, Spot, TraceId};
    use seam_core::record::{RecordKind, Text};
    use seam_core::time::Moment;

    use super::*;

    fn slow(record: Record) -> Record {
        Record { slow: true, ..record }
    }

    fn record(trace: u128, began: u64, ended: Ended) -> Record {
        let (span, parent) = (SpanId(began + 1), SpanId::NONE);
        Record {
            spot: Spot { trace: TraceId::new(trace), span, parent, sampled: true },
            link: None,
            kind: RecordKind::Server,
            known: None,
            method: 0,
            caller: None,
            began: Moment::from_nanos(began),
            took: began,
            wait: 0,
            kept: true,
            tapped: false,
            slow: false,
            ended,
            code: Text::NONE,
            path: Text::NONE,
            status: 0,
        }
    }

    fn ids(keep: &Keep) -> Vec<u128> {
        keep.find(Filter::default(), |_| true).map(|found| found[0].spot.trace.get()).collect()
    }

    #[test]
    fn what_was_slow_or_failed_goes_last_and_the_bound_holds() {
        let each = TRACE + 4 * size_of::<Record>();
        let mut keep = Keep::new(10 * each);
        keep.add(record(1, 1, Ended::Unknown));
        keep.add(slow(record(2, 2, Ended::Answered)));
        for trace in 3..40 {
            keep.add(record(trace, trace as u64, Ended::Answered));
            assert!(keep.taken() <= 10 * each);
        }
        let left = ids(&keep);
        assert_eq!(left[..2], [39, 38], "the latest first");
        assert_eq!(left[left.len() - 2..], [2, 1]);
        assert_eq!(keep.let_go() as usize, 39 - left.len());
        // Where nothing else is left, these go as well.
        for trace in 100..140 {
            keep.add(record(trace, trace as u64, Ended::NotExecuted));
        }
        assert!(!ids(&keep).contains(&2) && keep.trace(1).is_empty());
        keep.set(0);
        assert_eq!((ids(&keep).len(), keep.taken()), (0, 0));
    }

    #[test]
    fn traces_are_found_by_what_is_in_them() {
        let mut keep = Keep::new(1 << 20);
        keep.add(record(1, 10, Ended::Answered));
        keep.add(record(1, 500, Ended::Unknown));
        keep.add(record(2, 20, Ended::ServiceError));
        assert_eq!(keep.trace(1).len(), 2);
        let found = |at_least, ended| {
            let found = keep.find(Filter { at_least, ended }, |_| true);
            found.map(|found| found[0].spot.trace.get()).collect::<Vec<_>>()
        };
        assert_eq!(found(0, None), [2, 1]);
        assert_eq!(found(100, None), [1]);
        assert_eq!(found(0, Some(Ended::ServiceError)), [2]);
        assert_eq!(found(100, Some(Ended::ServiceError)), [] as [u128; 0]);
    }
}
