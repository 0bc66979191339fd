//! Events and commands for people.

use comfy_table::{Table, presets};
use serde_json::Value as Json;

use crate::services::{DeadLetter, ScheduleStatus, Ticket};

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(header);
    table
}

pub(super) fn topics(all: &[Json]) -> String {
    if all.is_empty() {
        return "no service of this app publishes events".into();
    }
    let mut rows = table(["TOPIC", "PUBLISHER", "SUBSCRIPTION", "LAG", "DEAD"]);
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
    rows.to_string()
}

pub(super) fn dead(all: &[DeadLetter]) -> String {
    if all.is_empty() {
        return "there are no dead letters".into();
    }
    let mut rows = table(["ID", "SUBSCRIPTION", "TOPIC", "KEY", "ATTEMPTS", "CAUSE"]);
    for letter in all {
        let DeadLetter { id, subscription, topic, key, attempts, cause, .. } = letter;
        let cause = cause.chars().take(80).collect::<String>();
        rows.add_row([id, subscription, topic, key, &attempts.to_string(), &cause]);
    }
    rows.to_string()
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
    let mut rows = table(["TICKET", "METHOD", "ATTEMPTS", "SINCE", "KEPT BY"]);
    for ticket in all {
        let Ticket { ticket: id, service, method, attempts, created_at, kept_by, .. } = ticket;
        let (method, since) = (format!("{service}.{method}"), time(*created_at));
        rows.add_row([id, &method, &attempts.to_string(), &since, kept_by]);
    }
    rows.to_string()
}

pub(super) fn schedules(all: &[ScheduleStatus]) -> String {
    if all.is_empty() {
        return "nothing that is at work runs by itself".into();
    }
    let mut rows = table(["METHOD", "SCHEDULE", "LAST", "NEXT", "RUNS", "FAILURE"]);
    for schedule in all {
        let ScheduleStatus { name, schedule, last, next, runs, failure } = schedule;
        let at = |at: &Option<u64>| at.map_or_else(|| "-".to_owned(), time);
        let failure = failure.clone().unwrap_or_else(|| "-".into());
        rows.add_row([name, schedule, &at(last), &at(next), &runs.to_string(), &failure]);
    }
    rows.to_string()
}

/// `2026-11-28T12:00:00Z`, from milliseconds since 1970.
fn time(millis: u64) -> String {
    let days = millis / 86_400_000;
    let (year, month, day) = date(days);
    let seconds = millis / 1_000 % 86_400;
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// The same way back.
pub(super) fn read_time(text: &str) -> Option<u64> {
    let (date_text, time) = text.strip_suffix('Z').unwrap_or(text).split_once('T')?;
    let mut parts = date_text.splitn(3, '-').map(|part| part.parse::<u64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let mut parts = time.splitn(3, ':').map(|part| part.parse::<u64>().ok());
    let (hour, minute) = (parts.next()??, parts.next()??);
    let second = parts.next().unwrap_or(Some(0))?;
    if !(1970..=9999).contains(&year) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // No date is more than a year's days from the first of its year.
    let first = (year - 1970) * 365 + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400;
    let day = (first..first + 366).find(|days| date(*days) == (year, month, day))?;
    Some(((day * 24 + hour) * 3_600 + minute * 60 + second) * 1_000)
}

/// Year, month and day of a day since 1970, after Howard Hinnant's `civil_from_days`.
const fn date(day: u64) -> (u64, u64, u64) {
    let shifted = day + 719_468;
    let (era, in_era) = (shifted / 146_097, shifted % 146_097);
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    let month = (5 * in_year + 2) / 153;
    let day = in_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400;
    (if month <= 2 { year + 1 } else { year }, month, day)
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
