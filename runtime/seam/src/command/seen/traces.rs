//! A trace, put together of what units know of it.

use std::collections::{BTreeSet, HashSet};

use seam_telemetry::{Outcome, Span, SpanKind, logs::LogEntry};
use serde_json::{Value as Json, json};

/// A trace: its spans, the first of them first.
#[derive(Clone, Debug)]
pub(in crate::command) struct Trace {
    spans: Vec<Span>,
    /// Where among them the one stands that is no part of another here.
    root: usize,
}

impl Trace {
    /// The trace of these spans; `None` of none.
    pub(in crate::command) fn of(mut spans: Vec<Span>) -> Option<Self> {
        let mut known = HashSet::new();
        spans.retain(|span| known.insert(span.span_id.clone()));
        // What began at the same time stands in the order in which it ended, the last first.
        spans.sort_by(|one, other| {
            one.start_us.cmp(&other.start_us).then(other.took_us.cmp(&one.took_us))
        });
        let is_root = |span: &Span| !span.parent_id.as_ref().is_some_and(|id| known.contains(id));
        let root = spans.iter().position(is_root).unwrap_or_default();
        (!spans.is_empty()).then_some(Self { spans, root })
    }

    pub(in crate::command) fn id(&self) -> &str {
        &self.root().trace_id
    }

    pub(in crate::command) fn spans(&self) -> &[Span] {
        &self.spans
    }

    pub(in crate::command) fn root(&self) -> &Span {
        &self.spans[self.root]
    }

    /// When it began, in microseconds since 1970.
    pub(in crate::command) fn start_us(&self) -> u64 {
        self.spans[0].start_us
    }

    /// The units that have something of it.
    pub(in crate::command) fn units(&self) -> BTreeSet<&str> {
        self.spans.iter().map(|span| span.unit.as_str()).collect()
    }

    /// Whether all of it is here: one root, and of each call that was answered elsewhere the other side.
    pub(in crate::command) fn is_complete(&self) -> bool {
        let known: HashSet<&str> = self.spans.iter().map(|span| span.span_id.as_str()).collect();
        let served = self.spans.iter().filter(|span| span.kind == SpanKind::Server);
        let served: HashSet<&str> = served.filter_map(|span| span.parent_id.as_deref()).collect();
        let is_root =
            |span: &&Span| !span.parent_id.as_deref().is_some_and(|id| known.contains(id));
        let ran = |span: &&Span| {
            span.kind == SpanKind::Client
                && matches!(span.outcome, Outcome::Answered | Outcome::ServiceError)
        };
        self.spans.iter().filter(is_root).count() == 1
            && self.spans.iter().filter(ran).all(|span| served.contains(span.span_id.as_str()))
    }

    /// As an entry of a list.
    pub(in crate::command) fn summary(&self) -> Json {
        let root = self.root();
        json!({
            "traceId": root.trace_id,
            "name": root.name(),
            "service": root.service,
            "unit": root.unit,
            "units": self.units(),
            "startUs": root.start_us,
            "tookUs": root.took_us,
            "outcome": root.outcome,
            "code": root.code,
            "spans": self.spans.len(),
            "complete": self.is_complete(),
        })
    }

    /// All of it, with these lines of the log.
    pub(in crate::command) fn to_json(&self, logs: &[LogEntry]) -> Json {
        let span = |span: &Span| {
            let mut all = json!(span);
            if let Some(members) = all.as_object_mut() {
                for key in ["parentId", "code"] {
                    members.entry(key).or_insert(Json::Null);
                }
            }
            all
        };
        let spans: Vec<Json> = self.spans.iter().map(span).collect();
        json!({
            "traceId": self.id(), "complete": self.is_complete(), "spans": spans, "logs": logs,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(id: &str, parent: Option<&str>, kind: SpanKind, start_us: u64) -> Span {
        Span {
            trace_id: "t".into(),
            span_id: id.into(),
            parent_id: parent.map(str::to_owned),
            kind,
            start_us,
            unit: id.into(),
            ..Span::default()
        }
    }

    #[test]
    fn a_trace_is_whole_with_one_root_and_both_sides_of_what_ran() {
        use SpanKind::{Client, Server};
        let of = |spans: &[Span]| Trace::of(spans.to_vec()).unwrap();
        // Begun by somebody else.
        let root = span("1", Some("0"), Server, 10);
        let made = span("2", Some("1"), Client, 11);
        let served = span("3", Some("2"), Server, 12);
        let whole = of(&[served.clone(), made.clone(), root.clone(), made.clone()]);
        assert!(whole.is_complete());
        assert_eq!((whole.root().span_id.as_str(), whole.start_us()), ("1", 10));
        assert_eq!(whole.summary()["spans"], 3);
        let members = whole.to_json(&[]);
        let of_spans = |key: &str| {
            members["spans"].as_array().unwrap().iter().map(|s| s[key].clone()).collect::<Vec<_>>()
        };
        assert_eq!(of_spans("spanId"), ["1", "2", "3"]);
        assert_eq!(of_spans("code"), [Json::Null, Json::Null, Json::Null]);
        assert!(!of(&[root.clone(), made.clone()]).is_complete(), "it ran, and nobody says where");
        let unknown = Span { outcome: Outcome::Unknown, ..made };
        assert!(of(&[root.clone(), unknown]).is_complete());
        assert!(!of(&[root, served]).is_complete(), "two roots");
        assert!(Trace::of(Vec::new()).is_none());
    }
}
