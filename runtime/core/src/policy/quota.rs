//! How much may be asked for: so many in so long.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// So many in any window of so long, written `100/60s`, or `100`: so many a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    number: u32,
    window: Duration,
}

impl Quota {
    /// The most that a window may have.
    pub const MOST: u32 = 1_000_000_000;
    /// The longest window: a day.
    pub const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
    /// The shortest window.
    pub const SHORTEST: Duration = Duration::from_millis(1);

    /// So many in so long; `None` where the number is 0 or above [`Quota::MOST`], or the window not
    /// from [`Quota::SHORTEST`] to [`Quota::LONGEST`].
    pub const fn new(number: u32, window: Duration) -> Option<Self> {
        let nanos = window.as_nanos();
        let fits = number > 0
            && number <= Self::MOST
            && nanos >= Self::SHORTEST.as_nanos()
            && nanos <= Self::LONGEST.as_nanos();
        if fits { Some(Self { number, window }) } else { None }
    }

    /// How many.
    pub const fn number(self) -> u32 {
        self.number
    }

    /// In how long.
    pub const fn window(self) -> Duration {
        self.window
    }

    /// Reads `100/60s`, `5/1m`, `1000/1h`, `20/500ms`, or `100`, so many a second. `0` is none.
    ///
    /// # Errors
    /// What it should have been.
    pub fn parse(text: &str) -> Result<Option<Self>, QuotaError> {
        let (number, window) = match text.split_once('/') {
            Some((number, window)) => (number, duration(window.trim())),
            None => (text, Some(Duration::from_secs(1))),
        };
        let number = number.trim();
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = number.parse().ok().filter(|_| digits);
        match (number, window) {
            (Some(0), Some(_)) => Ok(None),
            (Some(number), Some(window)) => match Self::new(number, window) {
                Some(quota) => Ok(Some(quota)),
                None => Err(QuotaError),
            },
            _ => Err(QuotaError),
        }
    }
}

/// A whole number and its unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit.trim_start() {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" | "min" => number.checked_mul(60).map(Duration::from_secs),
        "h" => number.checked_mul(3600).map(Duration::from_secs),
        _ => None,
    }
}

/// A text that isn't one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaError;

impl fmt::Display for QuotaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "is no rate: write `100/60s`, so many in a window of 1ms to 24h, or `100`, so many a \
             second",
        )
    }
}

impl std::error::Error for QuotaError {}

impl FromStr for Quota {
    type Err = QuotaError;

    /// As [`Quota::parse`], where there has to be one.
    fn from_str(text: &str) -> Result<Self, QuotaError> {
        Self::parse(text)?.ok_or(QuotaError)
    }
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.window.as_millis();
        match millis % 1000 {
            0 => write!(f, "{}/{}s", self.number, millis / 1000),
            _ => write!(f, "{}/{millis}ms", self.number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_read_and_written() {
        for (text, number, millis, written) in [
            ("100/60s", 100, 60_000, "100/60s"),
            ("5/1m", 5, 60_000, "5/60s"),
            ("5 / 1 h", 5, 3_600_000, "5/3600s"),
            ("7/250ms", 7, 250, "7/250ms"),
            ("20", 20, 1000, "20/1s"),
        ] {
            let quota = Quota::new(number, Duration::from_millis(millis)).unwrap();
            assert_eq!(Quota::parse(text), Ok(Some(quota)), "{text}");
            assert_eq!(quota.to_string(), written);
            assert_eq!(written.parse(), Ok(quota));
        }
        for none in ["0", "0/60s"] {
            assert_eq!(Quota::parse(none), Ok(None));
        }
        for bad in
            ["", "/", "5/", "/5s", "5/s", "5/5", "-5/5s", "+5", "5/0s", "5/25h", "5/1d", "5.5"]
        {
            assert_eq!(Quota::parse(bad), Err(QuotaError), "{bad}");
        }
        assert_eq!("0".parse::<Quota>(), Err(QuotaError));
    }
}
