//! From records of calls to spans.

use seam_core::context::{SpanId, TraceId};
use seam_core::record::{Ended, Record, RecordKind, Recorder};

use super::span::{Http, Link, Outcome, Span, SpanKind};

/// The span of a record that `recorder` has, in that unit.
pub fn span(record: &Record, recorder: &Recorder, unit: &str) -> Span {
    let Record { spot, kind, ended, began, took, wait, code, .. } = *record;
    let of_id = |id: SpanId| id.to_string();
    let link = record.link.map(|(trace, span): (TraceId, SpanId)| Link {
        trace_id: trace.to_string(),
        span_id: of_id(span),
    });
    let code = Some(code.as_str()).filter(|code| !code.is_empty()).map(ToOwned::to_owned);
    let known = recorder.of(record);
    let (service, method, http) = match known {
        Some((service, contract)) => {
            let method = contract.methods.get(record.method as usize);
            let method = method.map_or("", |method| method.name.as_str());
            (service.bare().to_owned(), method.to_owned(), None)
        }
        None => {
            let name = record.name().as_str();
            let (method, route) = name
                .split_once(' ')
                .map_or((name, None), |(method, route)| (method, Some(route.to_owned())));
            let http = Http {
                method: method.to_owned(),
                route,
                path: record.path.as_str().to_owned(),
                status: record.status,
            };
            ("edge".to_owned(), name.to_owned(), Some(http))
        }
    };
    Span {
        trace_id: spot.trace.to_string(),
        span_id: of_id(spot.span),
        parent_id: spot.parent.some().map(of_id),
        unit: unit.to_owned(),
        service,
        method,
        kind: match kind {
            RecordKind::Server | RecordKind::Request => SpanKind::Server,
            RecordKind::Client => SpanKind::Client,
        },
        caller: record.caller.map_or("", |caller| caller.label()).to_owned(),
        start_us: recorder.unix_nanos(began) / 1_000,
        took_us: took / 1_000,
        wait_us: wait / 1_000,
        outcome: match ended {
            Ended::Answered => Outcome::Answered,
            Ended::ServiceError => Outcome::ServiceError,
            Ended::NotExecuted => Outcome::NotExecuted,
            Ended::Unknown => Outcome::Unknown,
        },
        code,
        link,
        http,
    }
}
