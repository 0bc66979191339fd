//! Schedules, held against a plain search.

use super::date::Date;
use super::*;

const MINUTE: u64 = 60;
const DAY: u64 = 24 * 60 * MINUTE;
/// The numbers of each field of a cron.
const RANGES: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn cron(text: &str) -> Schedule {
    Schedule::Cron(Cron::parse(text).unwrap())
}

/// The second of a date: a plain count, with the leap years from 1970 on.
fn date(year: u64, month: usize, day: u64, hour: u64, minute: u64) -> u64 {
    let leap = |year: u64| {
        year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
    };
    let years: u64 = (1970..year).map(|year| 365 + u64::from(leap(year))).sum();
    let months: u64 = date::LONGEST[..month - 1].iter().map(|days| u64::from(*days)).sum();
    let lacks = u64::from(month > 2 && !leap(year));
    (years + months - lacks + day - 1) * DAY + hour * 3_600 + minute * MINUTE
}

/// Whether a field of a cron names a number, read as plainly as can be.
fn names(field: &str, low: u32, high: u32, number: u32) -> bool {
    field.split(',').any(|part| {
        let (range, step) = part.split_once('/').unwrap_or((part, "1"));
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
            None => (range.parse().unwrap(), range.parse().unwrap()),
        };
        number >= from && number <= to && (number - from).is_multiple_of(step.parse().unwrap())
    })
}

/// A cron, read as plainly as can be: whether each field names each number.
struct Plain {
    fields: [Vec<bool>; 5],
    star: bool,
}

impl Plain {
    fn of(text: &str) -> Self {
        let fields: Vec<&str> = text.split(' ').collect();
        let named = |field: usize| {
            let (low, high) = RANGES[field];
            (0..=high).map(|number| names(fields[field], low, high, number)).collect()
        };
        let star = fields[2].starts_with('*') || fields[4].starts_with('*');
        Self { fields: std::array::from_fn(named), star }
    }

    fn names_minute(&self, minute: u64) -> bool {
        let named = |field: usize, number: u32| self.fields[field][number as usize];
        if !named(0, (minute % 60) as u32) || !named(1, (minute / 60 % 24) as u32) {
            return false;
        }
        let date = Date::of(minute / (24 * 60));
        let by_weekday = named(4, date.weekday) || date.weekday == 0 && named(4, 7);
        let by_date = named(2, date.day);
        let day = if self.star { by_date && by_weekday } else { by_date || by_weekday };
        day && named(3, date.month)
    }
}

/// A field in any of the ways of writing one.
fn any_field(random: &mut fastrand::Rng, low: u32, high: u32) -> String {
    let number = random.u32(low..=high);
    let to = random.u32(number..=high);
    match random.u32(0..8) {
        0..=2 => "*".into(),
        3 => format!("*/{}", random.u32(1..=high)),
        4 => number.to_string(),
        5 => format!("{number}-{to}"),
        6 => format!("{number}-{to}/{}", random.u32(1..9)),
        _ => format!("{number},{},{to}", random.u32(low..=high)),
    }
}

#[test]
fn crons_are_due_when_a_plain_search_finds_them() {
    const SEARCHED: u64 = 35 * 24 * 60;
    let mut random = fastrand::Rng::with_seed(7);
    let (mut read, mut found) = (0, 0);
    for _ in 0..300 {
        let text = RANGES.map(|(low, high)| any_field(&mut random, low, high)).join(" ");
        let Ok(cron) = Cron::parse(&text) else { continue };
        let plain = Plain::of(&text);
        read += 1;
        let start = random.u64(0..date(2150, 1, 1, 0, 0));
        let from = start / MINUTE;
        let searched = (from + 1..from + SEARCHED).find(|minute| plain.names_minute(*minute));
        let next = Schedule::Cron(cron).next(at(start)).unwrap();
        found += usize::from(searched.is_some());
        match searched {
            Some(minute) => assert_eq!(next, at(minute * MINUTE), "{text} after {start}"),
            None => assert!(next >= at((from + SEARCHED) * MINUTE), "{text} after {start}"),
        }
        let minute = next.duration_since(UNIX_EPOCH).unwrap().as_secs() / MINUTE;
        assert!(plain.names_minute(minute), "{text} after {start}: {next:?}");
    }
    assert!(read > 250 && found > 100, "{read} were crons, {found} were due soon");
}

#[test]
fn a_cron_is_due_after_the_time_and_not_at_it() {
    let three = date(2026, 11, 28, 3, 0);
    for (time, due) in [
        (three - 1, three),
        (three, three + DAY),
        (three + 59, three + DAY),
        (date(2026, 12, 31, 3, 0), date(2027, 1, 1, 3, 0)),
    ] {
        assert_eq!(cron("0 3 * * *").next(at(time)), Some(at(due)), "{time}");
    }
    let within = at(three - 1) + Duration::from_millis(999);
    assert_eq!(cron("0 3 * * *").next(within), Some(at(three)));
}

#[test]
fn rare_days_are_found() {
    let leap_days = cron("30 4 29 2 *");
    let found = leap_days.next(at(date(2096, 3, 1, 0, 0)));
    assert_eq!(found, Some(at(date(2104, 2, 29, 4, 30))), "2100 has none");
    let sundays = cron("0 0 29 2 */8").next(at(date(2088, 3, 1, 0, 0)));
    assert_eq!(sundays, Some(at(date(2128, 2, 29, 0, 0))), "forty years later");
    let last = cron("59 23 31 12 *").next(at(date(2026, 12, 31, 23, 59)));
    assert_eq!(last, Some(at(date(2027, 12, 31, 23, 59))));
}

#[test]
fn sunday_has_two_numbers() {
    let saturday = date(2026, 11, 28, 12, 0);
    for text in ["0 0 * * 0", "0 0 * * 7", "0 0 * * 7-7"] {
        assert_eq!(cron(text).next(at(saturday)), Some(at(date(2026, 11, 29, 0, 0))), "{text}");
    }
    assert_eq!(Cron::parse("0 0 * * 5-7"), Cron::parse("0 0 * * 0,5,6"));
}

#[test]
fn where_both_kinds_of_day_are_restricted_either_will_do() {
    let saturday = date(2026, 11, 28, 12, 0);
    let monday = date(2026, 11, 30, 0, 0);
    assert_eq!(cron("0 0 13 * 1").next(at(saturday)), Some(at(monday)));
    let friday = cron("0 0 13 * */5").next(at(saturday));
    assert_eq!(friday, Some(at(date(2026, 12, 13, 0, 0))), "a Sunday, by both");
    assert!(Cron::parse("0 0 31 2 1").is_ok(), "Mondays of February");
}

#[test]
fn what_is_no_cron_is_told() {
    use CronError::*;
    for (text, why) in [
        ("", Fields),
        ("   ", Fields),
        ("0 3 * *", Fields),
        ("0 3 * * * *", Fields),
        ("@daily", Syntax),
        ("0 3 * * MON", Syntax),
        ("a 3 * * *", Syntax),
        ("0,,5 3 * * *", Syntax),
        ("0, 3 * * *", Syntax),
        ("-1 3 * * *", Syntax),
        ("1- 3 * * *", Syntax),
        ("**  3 * * *", Syntax),
        ("0\t3\t*\t*\t*", Syntax),
        ("é 3 * * *", Syntax),
        ("60 3 * * *", Minute),
        ("99999999999999999999999999 3 * * *", Minute),
        ("0 24 * * *", Hour),
        ("0 3 0 * *", Day),
        ("0 3 32 * *", Day),
        ("0 3 * 0 *", Month),
        ("0 3 * 1-13 *", Month),
        ("0 3 * * 8", Weekday),
        ("0 17-9 * * *", Range),
        ("*/0 * * * *", Step),
        ("*/ * * * *", Step),
        ("5/10 * * * *", Step),
        ("0 0 31 2 *", Impossible),
        ("0 0 30 2 *", Impossible),
        ("0 0 31 4,6,9,11 *", Impossible),
        ("0 0 30-31 2 */2", Impossible),
    ] {
        assert_eq!(Cron::parse(text), Err(why), "{text}");
    }
    for text in ["0 3 * * *", "  */15  9-17 1,15 1-12/3 1-5 ", "0 0 29 2 *", "0 0 31 2,3 *"] {
        assert!(Cron::parse(text).is_ok(), "{text}");
    }
    assert!(Impossible.to_string().contains("never be due"));
}

#[test]
fn a_time_is_due_at_its_multiples() {
    let hour = Schedule::Every(Duration::from_secs(3_600));
    let ten = date(2026, 11, 28, 10, 0);
    assert_eq!(hour.next(at(ten + 20)), Some(at(ten + 3_600)));
    assert_eq!(hour.next(at(ten)), Some(at(ten + 3_600)));
    assert_eq!(hour.next(at(ten) - Duration::from_nanos(1)), Some(at(ten)));
    let day = Schedule::Every(Duration::from_secs(DAY));
    assert_eq!(day.next(at(ten)), Some(at(date(2026, 11, 29, 0, 0))));
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..1_000 {
        let every = Duration::from_millis(random.u64(1..100_000_000));
        let time = Duration::from_millis(random.u64(0..4_000_000_000_000));
        let next = Schedule::Every(every).next(UNIX_EPOCH + time).unwrap();
        let next = next.duration_since(UNIX_EPOCH).unwrap();
        assert!(next > time && next - every <= time, "{every:?} after {time:?}: {next:?}");
        assert_eq!(next.as_nanos() % every.as_nanos(), 0);
    }
}

#[test]
fn times_at_the_ends_are_no_panic() {
    let before = UNIX_EPOCH - Duration::from_secs(DAY);
    let far = UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
    for schedule in [
        cron("* * * * *"),
        cron("0 0 29 2 *"),
        Schedule::Every(Duration::from_secs(1)),
        Schedule::Every(Duration::MAX),
    ] {
        assert!(schedule.next(before).is_none_or(|next| next > UNIX_EPOCH));
        assert!(schedule.next(far).is_none_or(|next| next > far));
    }
    assert_eq!(Schedule::Every(Duration::ZERO).next(UNIX_EPOCH), None);
}
