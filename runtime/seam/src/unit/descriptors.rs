//! How many connections a unit takes, by the descriptors that the system has left for it.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// What else a unit opens while it runs: links, files of databases, clients of the control socket.
const RESERVE: u64 = 64;
/// What is taken to be open where that can't be counted.
const OPEN: u64 = 128;

/// How many descriptors this process may still open for connections; `None` if there is no limit.
pub(super) fn left() -> Option<usize> {
    let limit = getrlimit(Resource::Nofile).current?;
    let open = fs::read_dir("/proc/self/fd").map_or(OPEN, |open| open.count() as u64);
    Some(usize::try_from(limit.saturating_sub(open + RESERVE)).unwrap_or(usize::MAX))
}

/// As many connections as `wanted`, but at most `share` quarters of what is left, and at least one.
pub(super) fn connections(wanted: usize, share: usize, left: Option<usize>) -> usize {
    left.map_or(wanted, |left| wanted.min(left / 4 * share).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_capped_by_what_is_left() {
        assert_eq!(connections(10_000, 3, None), 10_000);
        assert_eq!(connections(10_000, 3, Some(400)), 300);
        assert_eq!(connections(1_024, 1, Some(400)), 100);
        assert_eq!(connections(10, 3, Some(400)), 10);
        assert_eq!(connections(10, 3, Some(0)), 1);
    }

    #[test]
    fn what_is_left_is_less_than_what_is_allowed() {
        let limit = getrlimit(Resource::Nofile).current.map(|limit| limit as usize);
        assert!(left().zip(limit).is_none_or(|(left, limit)| left < limit));
    }
}
