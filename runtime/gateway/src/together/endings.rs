//! Sessions that have ended before their time.

use std::time::Duration;

use parking_lot::RwLock;
use seam_core::time::Moment;

use super::Apart;
use super::remembered::Remembered;

/// The longest id of a session, in bytes.
const LONGEST: usize = 128;

/// Sessions that have ended, and until when they would have been good.
#[derive(Debug, Default)]
pub(super) struct Endings {
    ended: RwLock<Remembered<Box<str>, ()>>,
}

impl Endings {
    /// Ends a session: whether that is news.
    pub(super) fn end(&self, session: &str, lasting: Duration, now: Moment) -> Result<bool, Apart> {
        let apart = |why: &str| Apart { why: why.to_owned() };
        if session.len() > LONGEST {
            return Err(apart("the session's id is too long"));
        }
        let mut ended = self.ended.write();
        let until = now.after(lasting);
        let before = ended.get(session).map(|(_, until)| *until);
        let is_news = before.is_none_or(|before| before <= now && before < until);
        let until = before.map_or(until, |before| before.max(until));
        match ended.put(session.into(), (), until, now) {
            true => Ok(is_news),
            false => Err(apart("too many sessions that have ended are remembered already")),
        }
    }

    /// Whether it has ended.
    pub(super) fn is_ended(&self, session: &str, now: Moment) -> bool {
        self.ended.read().get(session).is_some_and(|(_, until)| *until > now)
    }

    /// All of them, and for how long they would still be good.
    pub(super) fn all(&self, now: Moment) -> Vec<(String, Duration)> {
        let ended = self.ended.read();
        let left = ended.all().filter(|(_, until)| *until > now);
        left.map(|(session, until)| (session.to_string(), until.since(now))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTING: Duration = Duration::from_secs(10);

    fn at(seconds: u64) -> Moment {
        Moment::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_session_that_has_ended_is_remembered_while_it_would_be_good() {
        let endings = Endings::default();
        assert!(!endings.is_ended("a", at(1)));
        assert_eq!(endings.end("a", LASTING, at(1)), Ok(true));
        assert_eq!(endings.end("a", LASTING, at(1)), Ok(false), "it is known");
        assert!(endings.is_ended("a", at(10)));
        assert!(!endings.is_ended("b", at(10)));
        assert_eq!(endings.all(at(10)), [("a".to_owned(), Duration::from_secs(1))]);
        assert!(!endings.is_ended("a", at(11)));
        assert_eq!(endings.all(at(11)), []);
        assert!(endings.end(&"x".repeat(129), LASTING, at(1)).is_err());
    }

    #[test]
    fn those_whose_time_is_over_make_room() {
        let endings = Endings::default();
        for number in 0..10_000_u64 {
            endings.end(&number.to_string(), LASTING, at(number)).unwrap();
            assert!(endings.ended.read().len() <= 1024);
        }
    }
}
