//! The times of lines: as they are written, so that their order is that of the texts.

use std::time::{Duration, SystemTime};

use chrono::{DateTime, Local, SecondsFormat, Utc};

/// This moment as lines have it, e.g. `2026-11-28T20:52:48.123456Z`.
pub fn now() -> String {
    written(SystemTime::now())
}

/// A moment as lines have it.
pub(super) fn written(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Micros, true)
}

/// When a line was written, by this machine's clock.
pub(super) fn local(written: &str) -> Option<DateTime<Local>> {
    DateTime::parse_from_rfc3339(written).ok().map(|time| time.with_timezone(&Local))
}

/// Since when: a time such as `2026-11-28T12:00:00Z`, or how long before `now`, such as `90s`, `10m`,
/// `2h` or `7d`; `None` if it is neither.
pub fn since(text: &str, now: SystemTime) -> Option<SystemTime> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.into());
    }
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let second = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number = number.parse::<f64>().ok().filter(|_| plain)?;
    let ago = Duration::try_from_secs_f64(number * second).ok()?;
    // Nothing is older than that.
    Some(now.checked_sub(ago).unwrap_or(SystemTime::UNIX_EPOCH).max(SystemTime::UNIX_EPOCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_points_or_distances() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let at = |text: &str| since(text, now).map(written);
        assert_eq!(at("10m").as_deref(), Some("1970-01-12T13:36:40.000000Z"));
        assert_eq!(at("1.5h"), at("90m"));
        assert_eq!(at("1970-01-02T02:00:00+01:00").as_deref(), Some("1970-01-02T01:00:00.000000Z"));
        assert_eq!(at("9000d").as_deref(), Some("1970-01-01T00:00:00.000000Z"));
        for wrong in
            ["", "10", "m", "-1m", "10 minutes", "1e3s", "tomorrow", "99999999999999999999d"]
        {
            assert_eq!(at(wrong), None, "{wrong}");
        }
    }
}
