//! Events and commands for people.

use chrono::{DateTime, SecondsFormat};
use serde_json::Value as Json;

use super::super::status::{table, trimmed};
use crate::services::{DeadLetter, ScheduleStatus, Ticket};

pub(super) fn topics(all: &[Json]) -> String {
    if all.is_empty() {
        return "no service of this app publishes events".into();
    }
    let mut rows = table(&["TOPIC", "PUBLISHER", "SUBSCRIPTION", "LAG", "DEAD"], &[3, 4]);
    for topic in all {
        let text = |key: &str| topic[key].as_str().unwrap_or_default().to_owned();
        let subscriptions =
            topic["subscriptions"].as_array().map(Vec::as_slice).unwrap_or_default();
        if subscriptions.is_empty() {
            rows.add_row([text("topic"), text("publisher"), "-".into(), "-".into(), "-".into()]);
        }
        for on in subscriptions {
            let name = on["name"].as_str().unwrap_or_default().to_owned();
            let (lag, dead) = (on["lag"].to_string(), on["dead"].to_string());
            rows.add_row([text("topic"), text("publisher"), name, lag, dead]);
        }
    }
    trimmed(&rows)
}

pub(super) fn dead(all: &[DeadLetter]) -> String {
    if all.is_empty() {
        return "there are no dead letters".into();
    }
    let mut rows = table(&["ID", "SUBSCRIPTION", "TOPIC", "KEY", "ATTEMPTS", "CAUSE"], &[4]);
    for letter in all {
        let DeadLetter { id, subscription, topic, key, attempts, cause, .. } = letter;
        let cause = cause.chars().take(80).collect::<String>();
        rows.add_row([id, subscription, topic, key, &attempts.to_string(), &cause]);
    }
    trimmed(&rows)
}

pub(super) fn letter(letter: &DeadLetter) -> String {
    let mut text = format!(
        "{}\n  subscription  {}\n  topic         {} (key {})\n  published     {}\n  attempts      {}\n",
        letter.id,
        letter.subscription,
        letter.topic,
        letter.key,
        time(letter.published_at),
        letter.attempts
    );
    for failure in &letter.history {
        text.push_str(&format!("  failed        {}: {}\n", time(failure.at), failure.cause));
    }
    text.push_str(&format!("  event         {}", letter.event));
    text
}

pub(super) fn tickets(all: &[Ticket]) -> String {
    if all.is_empty() {
        return "no command waits for its outcome".into();
    }
    let mut rows = table(&["TICKET", "METHOD", "ATTEMPTS", "SINCE", "KEPT BY"], &[2]);
    for ticket in all {
        let Ticket { ticket: id, service, method, attempts, created_at, kept_by, .. } = ticket;
        let (method, since) = (format!("{service}.{method}"), time(*created_at));
        rows.add_row([id, &method, &attempts.to_string(), &since, kept_by]);
    }
    trimmed(&rows)
}

pub(super) fn schedules(all: &[ScheduleStatus]) -> String {
    if all.is_empty() {
        return "nothing that is at work runs by itself".into();
    }
    let mut rows = table(&["METHOD", "SCHEDULE", "LAST", "NEXT", "RUNS", "FAILURE"], &[4]);
    for schedule in all {
        let ScheduleStatus { name, schedule, last, next, runs, failure } = schedule;
        let at = |at: &Option<u64>| at.map_or_else(|| "-".to_owned(), time);
        let failure = failure.clone().unwrap_or_else(|| "-".into());
        rows.add_row([name, schedule, &at(last), &at(next), &runs.to_string(), &failure]);
    }
    trimmed(&rows)
}

/// `2026-11-28T12:00:00Z`, from milliseconds since 1970.
fn time(millis: u64) -> String {
    let time = i64::try_from(millis).ok().and_then(DateTime::from_timestamp_millis);
    time.unwrap_or_default().to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The same way back.
pub(super) fn read_time(text: &str) -> Option<u64> {
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    u64::try_from(time.timestamp_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_and_read() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_827_696_000, "2000-02-29T12:34:56Z"),
            (1_795_867_200_000, "2026-11-28T12:00:00Z"),
        ] {
            assert_eq!(time(millis), text);
            assert_eq!(read_time(text), Some(millis), "{text}");
        }
        for text in
            ["", "noon", "2026-02-30T00:00:00Z", "2026-01-01T24:00:00Z", "1969-01-01T00:00Z"]
        {
            assert_eq!(read_time(text), None, "{text}");
        }
    }
}
