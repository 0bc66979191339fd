//! A ticket, as clients see it.

use chrono::{DateTime, SecondsFormat};
use seam_core::outcome::Unknown;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Progress, TicketState};
use crate::problem::Problem;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    ticket: String,
    service: &'a str,
    method: &'a str,
    state: &'static str,
    attempts: u32,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a RawValue>,
}

/// What is answered of a ticket.
///
/// # Errors
/// The call ran, and what is kept of its end can't be read.
pub(crate) fn document(ticket: &TicketState) -> Result<Vec<u8>, Problem> {
    let written = || -> serde_json::Result<_> {
        let (state, result, error) = match &ticket.progress {
            Progress::Pending => ("pending", None, None),
            Progress::Done(json) => ("done", Some(serde_json::from_slice(json)?), None),
            Progress::Failed(json) => ("failed", None, Some(serde_json::from_slice(json)?)),
        };
        serde_json::to_vec(&Document {
            ticket: ticket.id.to_string(),
            service: &ticket.service,
            method: &ticket.method,
            state,
            attempts: ticket.attempts,
            created_at: time(ticket.created_at),
            result,
            error,
        })
    };
    written().map_err(|error| {
        Problem::of_unknown(&Unknown::Unreadable { why: error.to_string().into() })
    })
}

/// RFC 3339 in UTC, with milliseconds; a time beyond the calendar is its beginning.
fn time(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis);
    time.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use super::super::TicketId;
    use super::*;

    #[test]
    fn times_have_their_milliseconds() {
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(time(1_795_843_649_070), "2026-11-28T05:27:29.070Z");
        assert_eq!(time(u64::MAX), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn an_end_is_passed_on_as_it_was_written() {
        let mut ticket = TicketState {
            owner: None,
            id: TicketId::new(7),
            service: "shelf".into(),
            method: "lend".into(),
            attempts: 1,
            created_at: 0,
            progress: Progress::Done(b" 1.50".into()),
        };
        let text = String::from_utf8(document(&ticket).unwrap()).unwrap();
        assert!(
            text.ends_with(r#""createdAt":"1970-01-01T00:00:00.000Z","result":1.50}"#),
            "{text}"
        );
        ticket.progress = Progress::Done(b"null".into());
        assert!(document(&ticket).unwrap().ends_with(br#""result":null}"#));
        ticket.progress = Progress::Failed(b"{".into());
        assert_eq!(document(&ticket).unwrap_err().code, "unreadable");
    }
}
