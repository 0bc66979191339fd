//! Majors of one service, side by side, and which of them a request is for that doesn't say it.

pub(crate) use seam_core::name::bare;

/// Which major of a service is asked for by who doesn't say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Versions {
    /// By service; of others it is the lowest that is known.
    pub pinned: Vec<(String, u16)>,
    /// Which share of those requests goes to another major, in percent: service, major, share. The shares
    /// of a service's majors are 100 together at most.
    pub grey: Vec<(String, u16, u8)>,
}

impl Versions {
    /// The major, of those that are `known`, for a request of that client: always the same for the same
    /// one. `client` tells clients apart.
    pub(crate) fn unsaid(
        &self,
        service: &str,
        known: &[u16],
        client: impl FnOnce() -> u64,
    ) -> Option<u16> {
        let mut grey = self.grey.iter().filter(|(name, ..)| name == service).peekable();
        if grey.peek().is_some() {
            let (draw, mut end) = (client() % 100, 0);
            let drawn = grey.find(|(.., share)| {
                end += u64::from(*share);
                draw < end
            });
            // Nobody is sent to a major that nobody has, nor to another for the want of that.
            if let Some((_, major, _)) = drawn.filter(|(_, major, _)| known.contains(major)) {
                return Some(*major);
            }
        }
        self.usual(service, known)
    }

    /// The major, of those that are `known`, that all clients get whom config leads to no other.
    pub(crate) fn usual(&self, service: &str, known: &[u16]) -> Option<u16> {
        let pinned = self.pinned.iter().find(|(name, _)| name == service);
        pinned.map(|(_, major)| *major).or_else(|| known.first().copied())
    }
}

/// What there is of each major of a service, the lowest first.
#[derive(Debug)]
pub(crate) struct Majors<T> {
    pub(crate) service: String,
    of: Vec<(u16, T)>,
}

impl<T> Majors<T> {
    pub(crate) fn new(service: &str, major: u16, first: T) -> Self {
        Self { service: service.to_owned(), of: vec![(major, first)] }
    }

    /// Adds one more, unless it is there: then it is given back.
    pub(crate) fn add(&mut self, major: u16, one: T) -> Result<(), T> {
        match self.of.binary_search_by_key(&major, |(major, _)| *major) {
            Ok(_) => Err(one),
            Err(place) => {
                self.of.insert(place, (major, one));
                Ok(())
            }
        }
    }

    /// Adds those of the same service, unless one of them is there.
    pub(crate) fn take(&mut self, others: Self) -> Result<(), T> {
        others.of.into_iter().try_for_each(|(major, one)| self.add(major, one))
    }

    pub(crate) fn get(&self, major: u16) -> Option<&T> {
        self.of.iter().find(|(own, _)| *own == major).map(|(_, one)| one)
    }
}

/// A path that begins with a major: `/v2/api/points/1` is that and `/api/points/1`.
pub(crate) fn prefixed(path: &str) -> Option<(u16, &str)> {
    let rest = path.strip_prefix("/v")?;
    let (major, path) = rest.split_at(rest.find('/')?);
    let plain = !major.starts_with('0') && major.bytes().all(|byte| byte.is_ascii_digit());
    let major = major.parse().ok().filter(|_| plain)?;
    Some((major, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_may_begin_with_a_major() {
        assert_eq!(prefixed("/v2/api/points/1"), Some((2, "/api/points/1")));
        assert_eq!(prefixed("/v10/"), Some((10, "/")));
        for none in ["/api", "/v2", "/v/api", "/v02/api", "/v-1/api", "/v99999/a", "/vx/a", "v2/a"]
        {
            assert_eq!(prefixed(none), None, "{none}");
        }
        assert_eq!((bare("loyalty@2"), bare("loyalty")), ("loyalty", "loyalty"));
    }

    #[test]
    fn who_says_nothing_gets_the_lowest_or_what_is_pinned() {
        let none = || panic!("nobody asks who it is");
        let lowest = Versions::default();
        assert_eq!(lowest.unsaid("loyalty", &[1, 2], none), Some(1));
        assert_eq!(lowest.unsaid("loyalty", &[], none), None);
        let pinned = Versions { pinned: vec![("loyalty".into(), 2)], ..lowest };
        assert_eq!(pinned.unsaid("loyalty", &[1, 2], none), Some(2));
        assert_eq!(pinned.unsaid("user", &[1], none), Some(1));
    }

    #[test]
    fn a_share_of_clients_gets_another_major_and_keeps_it() {
        let grey = Versions { grey: vec![("loyalty".into(), 2, 10)], ..Versions::default() };
        let of = |client| grey.unsaid("loyalty", &[1, 2], || client);
        assert_eq!((0..1_000).filter(|client| of(*client) == Some(2)).count(), 100);
        assert!((0..1_000).all(|client| of(client) == of(client)));
        // Nobody is sent to a major that nobody has.
        assert_eq!(grey.unsaid("loyalty", &[1], || 0), Some(1));
    }

    #[test]
    fn each_share_is_of_all_clients() {
        let grey =
            vec![("loyalty".into(), 2, 10), ("user".into(), 2, 90), ("loyalty".into(), 3, 20)];
        let grey = Versions { grey, ..Versions::default() };
        let of = |known: &[u16], client| grey.unsaid("loyalty", known, || client);
        let count = |known: &[u16], major| {
            (0..1_000).filter(|client| of(known, *client) == Some(major)).count()
        };
        assert_eq!([1, 2, 3].map(|major| count(&[1, 2, 3], major)), [700, 100, 200]);
        // Whoever had another one keeps it.
        assert_eq!([1, 2, 3].map(|major| count(&[1, 3], major)), [800, 0, 200]);
        assert!(
            (0..1_000).all(|c| of(&[1, 3], c) == of(&[1, 2, 3], c) || of(&[1, 3], c) == Some(1))
        );
    }

    #[test]
    fn majors_stand_in_their_order() {
        let mut majors = Majors::new("loyalty", 2, "two");
        assert_eq!((majors.add(1, "one"), majors.add(2, "again")), (Ok(()), Err("again")));
        assert_eq!(majors.of, [(1, "one"), (2, "two")]);
        assert_eq!((majors.get(2), majors.get(3)), (Some(&"two"), None));
    }
}
