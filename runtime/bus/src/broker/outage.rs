//! A broker that is away, said once.

use std::time::Duration;

/// What has worked for so long was there meanwhile.
const THERE: Duration = Duration::from_secs(10);

/// Whether it is known that the broker is away, to somebody who tries again and again.
#[derive(Debug, Default)]
pub struct Outage(bool);

impl Outage {
    /// A try has failed that took so long: whether that is to be said, for it wasn't known before.
    pub fn is_news(&mut self, took: Duration) -> bool {
        let was_known = std::mem::replace(&mut self.0, true);
        !was_known || took >= THERE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_is_said_once_and_the_next_one_again() {
        let mut outage = Outage::default();
        let tries = [0, 1, 5, 60, 0].map(|took| outage.is_news(Duration::from_secs(took)));
        assert_eq!(tries, [true, false, false, true, false]);
    }
}
