//! The endpoints that a call may go to, counted and walked through without a list of them.

use super::{Endpoint, Standing};
use crate::time::Moment;

/// Those of some endpoints that are good, or if none is, those that are doubtful.
pub(super) struct Among<'a, E> {
    endpoints: &'a [E],
    now: Moment,
    worst: Standing,
    /// How many they were: at least one.
    pub(super) count: usize,
}

impl<'a, E: Endpoint> Among<'a, E> {
    /// `None` if none may get a call.
    pub(super) fn all(endpoints: &'a [E], now: Moment) -> Option<Self> {
        [Standing::Due, Standing::Doubtful].into_iter().find_map(|worst| {
            let mut among = Self { endpoints, now, worst, count: 0 };
            among.count = among.iter().count();
            (among.count > 0).then_some(among)
        })
    }

    /// Their indices.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> {
        let good = |endpoint: &E| endpoint.standing(self.now) <= self.worst;
        self.endpoints.iter().enumerate().filter(move |(_, e)| good(e)).map(|(at, _)| at)
    }

    /// One of them. They may be fewer than they were, for others call as well: then the first.
    pub(super) fn nth(&self, n: usize) -> Option<usize> {
        self.iter().nth(n).or_else(|| self.iter().next())
    }
}
