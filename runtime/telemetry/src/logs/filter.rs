//! Which lines are asked for.

use std::time::SystemTime;

use memchr::memmem::Finder;

use super::{Level, LogEntry, Look, time};

/// So many lines are told at most, whatever is asked for.
const MOST: usize = 100_000;
/// So many hexadecimal digits tell a trace from others.
const DIGITS: usize = 8;

/// Which lines are asked for: those that all of it holds for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// Of this unit, `pay`, or of one of its processes, `pay.1`. Default: all.
    pub unit: Option<String>,
    /// Said by this service or about it; `edge` for requests. Default: all.
    pub service: Option<String>,
    /// So grave, or graver. Default: all.
    pub level: Option<Level>,
    /// Of this trace: its id, or how that begins. Default: all.
    pub trace: Option<String>,
    /// Written since then. Default: all.
    pub since: Option<SystemTime>,
    /// With this text in the message, or in the fields as people read them: `order=7`. Default: all.
    pub grep: Option<String>,
    /// The newest so many. Default: 1000; at most 100,000, and about 32 MiB of them.
    pub limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            unit: None,
            service: None,
            level: None,
            trace: None,
            since: None,
            grep: None,
            limit: 1000,
        }
    }
}

impl Query {
    /// Why a text names no trace; `None` if it does.
    pub fn wrong_trace(text: &str) -> Option<String> {
        let fits = (DIGITS..=32).contains(&text.len());
        let is = fits && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        (!is).then(|| format!("`{text}` is no trace: write {DIGITS} to 32 hexadecimal digits"))
    }
}

/// A query, prepared for many lines.
#[derive(Debug)]
pub(super) struct Filter {
    unit: Option<(String, Option<u64>)>,
    query: Query,
    since: Option<String>,
    /// What the bytes of a line must have in them, so that it is worth to be read: of each of these, one.
    needles: Vec<Vec<Finder<'static>>>,
}

impl Filter {
    pub(super) fn new(query: &Query) -> Self {
        let mut query = query.clone();
        query.limit = query.limit.min(MOST);
        query.trace = query.trace.map(|trace| trace.to_ascii_lowercase());
        let unit = query.unit.as_ref().map(|unit| match unit.rsplit_once('.') {
            Some((unit, number)) => (unit.to_owned(), number.parse().ok()),
            None => (unit.clone(), None),
        });
        let since = query.since.map(time::written);
        // What stands between other characters may be written otherwise, and this can't.
        let word = |text: &String| {
            let words = text.split(|c: char| !c.is_ascii_alphanumeric());
            words.max_by_key(|word| word.len()).map(str::to_owned)
        };
        let texts = [query.trace.clone(), query.grep.as_ref().and_then(word)];
        let quoted = |text: &str| format!("\"{text}\"");
        let names = [unit.as_ref().map(|(unit, _)| unit), query.service.as_ref()];
        let names = names.into_iter().flatten().map(|name| quoted(name));
        let levels = query.level.map(|least| {
            let levels = Level::ALL.into_iter().filter(|level| *level >= least);
            levels.map(|level| quoted(level.as_str())).collect()
        });
        let needles = texts.into_iter().flatten().filter(|text| !text.is_empty());
        let needles = needles.chain(names).map(|text| vec![text]).chain(levels);
        let finder = |text: String| Finder::new(&text).into_owned();
        let needles = needles.map(|texts: Vec<String>| texts.into_iter().map(finder).collect());
        let needles = needles.collect();
        Self { unit, query, since, needles }
    }

    pub(super) const fn limit(&self) -> usize {
        self.query.limit
    }

    pub(super) const fn since(&self) -> Option<SystemTime> {
        self.query.since
    }

    /// Whether it was written before what is asked for.
    pub(super) fn is_before(&self, entry: &LogEntry) -> bool {
        self.since.as_deref().is_some_and(|since| entry.at() < since)
    }

    /// The line as an entry, if it is asked for.
    pub(super) fn read(&self, line: &[u8]) -> Option<LogEntry> {
        let has = |needle: &Finder<'_>| needle.find(line).is_some();
        if !self.needles.iter().all(|needles| needles.iter().any(has)) {
            return None;
        }
        LogEntry::read(line).filter(|entry| self.takes(entry))
    }

    fn takes(&self, entry: &LogEntry) -> bool {
        let Query { service, level, trace, grep, .. } = &self.query;
        let of_unit = |(unit, number): &(String, Option<u64>)| {
            // The first of several has no number in its name.
            let is_instance = |number: &u64| entry.instance().unwrap_or(0) == *number;
            entry.unit() == unit && number.as_ref().is_none_or(is_instance)
        };
        self.unit.as_ref().is_none_or(of_unit)
            && service.as_deref().is_none_or(|service| entry.service() == Some(service))
            && level.is_none_or(|level| entry.level() >= level)
            && trace
                .as_deref()
                .is_none_or(|trace| entry.trace_id().is_some_and(|id| id.starts_with(trace)))
            && !self.is_before(entry)
            && grep.as_deref().is_none_or(|text| {
                entry.message().contains(text) || entry.said(Look::default()).contains(text)
            })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn entry() -> LogEntry {
        let mut entry = LogEntry::new(Level::Warn, "pay", Some(1))
            .with("timestamp", "2026-11-28T20:52:48.123456Z")
            .with("message", "not \"charged\": café")
            .with("service", "payment")
            .with("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736");
        entry.add("order", 7.into());
        entry.add("error", "no answer".into());
        entry
    }

    fn takes(change: impl FnOnce(&mut Query)) -> bool {
        let mut query = Query::default();
        change(&mut query);
        Filter::new(&query).read(entry().to_string().as_bytes()).is_some()
    }

    #[test]
    fn all_of_it_has_to_hold() {
        let unit = |unit: &str| takes(|query| query.unit = Some(unit.into()));
        assert!(unit("pay") && unit("pay.1"));
        assert!(!unit("pay.0") && !unit("pa") && !unit("pay.11") && !unit("front"));
        let service = |name: &str| takes(|query| query.service = Some(name.into()));
        assert!(service("payment") && !service("pay"));
        assert!(takes(|query| query.level = Some(Level::Warn)));
        assert!(!takes(|query| query.level = Some(Level::Error)));
        let trace = |id: &str| takes(|query| query.trace = Some(id.into()));
        assert!(trace("4bf92f3577b34da6a3ce929d0e0e4736") && trace("4BF92F35"));
        assert!(!trace("77b34da6") && Query::wrong_trace("77b34da6").is_none());
        assert!(Query::wrong_trace("4bf9").is_some() && Query::wrong_trace("nonsense").is_some());
        // 2026-11-28T20:52:48Z
        let second = |late: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_899_168 + late);
        assert!(takes(|query| query.since = Some(second(0))));
        assert!(!takes(|query| query.since = Some(second(1))));
    }

    #[test]
    fn texts_are_found_as_people_read_them() {
        let grep = |text: &str| takes(|query| query.grep = Some(text.into()));
        for text in [
            "charged",
            "not \"charged\": caf",
            "café",
            "order=7",
            "7 error=",
            "\"no answer\"",
            "",
            "=",
        ] {
            assert!(grep(text), "{text}");
        }
        for text in ["Charged", "order=8", "2026", "front"] {
            assert!(!grep(text), "{text}");
        }
        // In a call, its name is read.
        assert!(grep("(payment 4bf92f35)"));
    }
}
