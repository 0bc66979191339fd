//! `0 3 * * *`: the minutes that five fields name. Read when a contract is compiled, so that what is
//! no cron, or never due, isn't found out at night.

use super::date::{CYCLE, Date, LONGEST};

const HOURS: u64 = 24;
const MINUTES: u64 = 60;
const DAY: u64 = HOURS * MINUTES;

/// The minutes of a cron: of those days, at those hours, in those minutes, in UTC. A set has a bit
/// for each number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cron {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    /// A day is one of them by its date or by its weekday, and needn't be by both.
    either: bool,
}

/// Why a text is no cron.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.why())]
#[non_exhaustive]
pub enum CronError {
    /// It hasn't five fields.
    Fields,
    /// A field is written in no way that is known.
    Syntax,
    /// A number that is no minute.
    Minute,
    /// A number that is no hour.
    Hour,
    /// A number that is no day of a month.
    Day,
    /// A number that is no month.
    Month,
    /// A number that is no weekday.
    Weekday,
    /// A range that ends before it begins.
    Range,
    /// A step of nothing, or one that follows a single number.
    Step,
    /// No month has such a day.
    Impossible,
}

impl CronError {
    /// What is wrong, and what is right.
    pub const fn why(self) -> &'static str {
        match self {
            Self::Fields => {
                "a cron has five fields: minute, hour, day of the month, month and weekday, as in \
                 `0 3 * * *`"
            }
            Self::Syntax => {
                "a field of a cron is `*`, a number, a range `1-5`, a step `*/15`, or several of \
                 these with commas between them: `0 3 * * *`"
            }
            Self::Minute => "the minutes of a cron, its first field, are from 0 to 59",
            Self::Hour => "the hours of a cron, its second field, are from 0 to 23",
            Self::Day => "the days of the month of a cron, its third field, are from 1 to 31",
            Self::Month => "the months of a cron, its fourth field, are from 1 to 12",
            Self::Weekday => {
                "the weekdays of a cron, its fifth field, are from 0 to 7: 0 and 7 are Sunday"
            }
            Self::Range => "a range of a cron goes upwards: `1-5`",
            Self::Step => {
                "a step of a cron is a number above 0, after `*` or a range: `*/15`, `9-17/2`"
            }
            Self::Impossible => {
                "no month of this cron has such a day, so that it would never be due: February has \
                 29 at most, and April, June, September and November have 30"
            }
        }
    }
}

impl Cron {
    /// Reads the five fields: minute, hour, day of the month, month, weekday. Where both kinds of day
    /// are restricted, that is neither begins with `*`, a day of either kind will do, as in every
    /// cron.
    ///
    /// # Errors
    /// What is wrong with it; a day that no month has is.
    pub const fn parse(text: &str) -> Result<Self, CronError> {
        let text = text.as_bytes();
        let (minutes, at) = match field(text, 0, 0, 59, CronError::Minute) {
            Ok((field, at)) => (field.set, at),
            Err(why) => return Err(why),
        };
        let (hours, at) = match field(text, at, 0, 23, CronError::Hour) {
            Ok((field, at)) => (field.set, at),
            Err(why) => return Err(why),
        };
        let (days, at) = match field(text, at, 1, 31, CronError::Day) {
            Ok(read) => read,
            Err(why) => return Err(why),
        };
        let (months, at) = match field(text, at, 1, 12, CronError::Month) {
            Ok((field, at)) => (field.set, at),
            Err(why) => return Err(why),
        };
        let (weekdays, at) = match field(text, at, 0, 7, CronError::Weekday) {
            Ok(read) => read,
            Err(why) => return Err(why),
        };
        if after_spaces(text, at) < text.len() {
            return Err(CronError::Fields);
        }
        let either = !days.star && !weekdays.star;
        if !either && !has_a_date(days.set, months) {
            return Err(CronError::Impossible);
        }
        // Sunday is the first day of the week and the last.
        let week = (weekdays.set | (weekdays.set >> 7)) & 0b111_1111;
        Ok(Self { minutes, hours, days: days.set, months, weekdays: week, either })
    }

    /// The first minute after `minute` at which it is due, both counted from 1970.
    pub(super) fn minute_after(&self, minute: u64) -> Option<u64> {
        let first = minute.checked_add(1)?;
        let (today, now) = (first / DAY, first % DAY);
        // Whatever it names comes within one cycle of the calendar: `parse` refuses what never does.
        (today..=today.checked_add(CYCLE)?).find_map(|day| {
            let from = if day == today { now } else { 0 };
            let minute = self.names(Date::of(day)).then(|| self.in_day(from)).flatten()?;
            day.checked_mul(DAY)?.checked_add(minute)
        })
    }

    fn names(&self, date: Date) -> bool {
        let by_date = has(self.days, date.day);
        let by_weekday = has(self.weekdays, date.weekday);
        let day = if self.either { by_date || by_weekday } else { by_date && by_weekday };
        day && has(self.months, date.month)
    }

    /// The first minute of a day at which it is due, from that one on.
    fn in_day(&self, from: u64) -> Option<u64> {
        (from / MINUTES..HOURS).filter(|hour| has(self.hours, *hour as u32)).find_map(|hour| {
            let from = from.saturating_sub(hour * MINUTES);
            let minutes = self.minutes >> from;
            (minutes != 0).then(|| hour * MINUTES + from + u64::from(minutes.trailing_zeros()))
        })
    }
}

const fn has(set: u64, number: u32) -> bool {
    (set >> number) & 1 == 1
}

/// Whether one of those months has one of those days, in some years at least.
const fn has_a_date(days: u64, months: u64) -> bool {
    let mut month = 0;
    while month < LONGEST.len() {
        let longest: u64 = (1 << (LONGEST[month] + 1)) - 1;
        if has(months, month as u32 + 1) && days & longest != 0 {
            return true;
        }
        month += 1;
    }
    false
}

/// What a field says.
#[derive(Clone, Copy)]
struct Field {
    set: u64,
    /// It begins with `*`, and so leaves the choice of days to the other field.
    star: bool,
}

/// Reads a field from `at`, of numbers from `low` to `high`; and says where it ends.
const fn field(
    text: &[u8],
    at: usize,
    low: u64,
    high: u64,
    outside: CronError,
) -> Result<(Field, usize), CronError> {
    let mut at = after_spaces(text, at);
    if at == text.len() {
        return Err(CronError::Fields);
    }
    let star = text[at] == b'*';
    let mut set = 0;
    loop {
        let (from, to, is_range);
        if is_at(text, at, b'*') {
            (from, to, is_range, at) = (low, high, true, at + 1);
        } else {
            (from, at) = match number(text, at) {
                Ok(read) => read,
                Err(why) => return Err(why),
            };
            is_range = is_at(text, at, b'-');
            if is_range {
                (to, at) = match number(text, at + 1) {
                    Ok(read) => read,
                    Err(why) => return Err(why),
                };
            } else {
                to = from;
            }
        }
        if from < low || from > high || to < low || to > high {
            return Err(outside);
        }
        if from > to {
            return Err(CronError::Range);
        }
        let mut step = 1;
        if is_at(text, at, b'/') {
            (step, at) = match number(text, at + 1) {
                Ok(read) => read,
                Err(_) => return Err(CronError::Step),
            };
            if step == 0 || !is_range {
                return Err(CronError::Step);
            }
        }
        let mut number = from;
        while number <= to {
            set |= 1 << number;
            number += step;
        }
        if !is_at(text, at, b',') {
            break;
        }
        at += 1;
    }
    if at < text.len() && text[at] != b' ' {
        return Err(CronError::Syntax);
    }
    Ok((Field { set, star }, at))
}

const fn is_at(text: &[u8], at: usize, byte: u8) -> bool {
    at < text.len() && text[at] == byte
}

const fn after_spaces(text: &[u8], mut at: usize) -> usize {
    while is_at(text, at, b' ') {
        at += 1;
    }
    at
}

/// A number, which is as good as a larger one where it is too large for every field.
const fn number(text: &[u8], start: usize) -> Result<(u64, usize), CronError> {
    const TOO_LARGE: u64 = 1_000;
    let (mut at, mut number) = (start, 0);
    while at < text.len() && text[at].is_ascii_digit() {
        number = number * 10 + (text[at] - b'0') as u64;
        if number > TOO_LARGE {
            number = TOO_LARGE;
        }
        at += 1;
    }
    if at == start { Err(CronError::Syntax) } else { Ok((number, at)) }
}
