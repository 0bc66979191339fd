//! The calendar: dates of days, counted from the first of January 1970.

/// A day's place in its month, its year and its week.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Date {
    /// From 1.
    pub(super) day: u32,
    /// From 1.
    pub(super) month: u32,
    /// From 0, which is a Sunday.
    pub(super) weekday: u32,
}

/// After so many days, the calendar begins anew, weekdays and all: 400 years.
pub(super) const CYCLE: u64 = 146_097;

/// How many days each month has at most.
pub(super) const LONGEST: [u32; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

impl Date {
    /// The date of a day.
    pub(super) const fn of(day: u64) -> Self {
        // Years begin in March here, so that the day that some of them lack is their last; and the
        // cycle with the first of March 2000, which is 11,017 days after 1970 began. After Howard
        // Hinnant, `chrono-Compatible Low-Level Date Algorithms`, `civil_from_days`.
        let in_cycle = (day % CYCLE + CYCLE - 11_017) % CYCLE;
        let year = (in_cycle - in_cycle / 1_460 + in_cycle / 36_524 - in_cycle / 146_096) / 365;
        let in_year = in_cycle - (365 * year + year / 4 - year / 100);
        let from_march = (5 * in_year + 2) / 153;
        let in_month = in_year - (153 * from_march + 2) / 5;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        // 1970 began with a Thursday.
        let weekday = (day % 7 + 4) % 7;
        Self { day: in_month as u32 + 1, month: month as u32, weekday: weekday as u32 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_the_dates_that_a_plain_count_gives_them() {
        let (mut year, mut month, mut day) = (1970_u32, 1_u32, 1_u32);
        for number in 0..2 * CYCLE {
            let expected = Date { day, month, weekday: (number as u32 + 4) % 7 };
            assert_eq!(Date::of(number), expected, "day {number}, {year}-{month}-{day}");
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let lacks = u32::from(month == 2 && !leap);
            day += 1;
            if day > LONGEST[month as usize - 1] - lacks {
                (month, day) = (month + 1, 1);
            }
            if month > 12 {
                (year, month) = (year + 1, 1);
            }
        }
        assert_eq!((year, month, day), (2770, 1, 1));
    }
}
