//! Which services that an app doesn't know may have a part in it: those of units that are plugged in.

use crate::name::ServiceId;

/// Which services that config doesn't name are let in, of units that it doesn't name.
///
/// None of the app's own services is among them: nobody can call for one who isn't in its unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Guests {
    /// The app's own.
    own: Box<[ServiceId]>,
    /// Patterns of names; `*` stands for any text.
    plug: Box<[Box<str>]>,
    /// The runtime's own, which any unit may ask in their names.
    asked: Box<[ServiceId]>,
    /// Whether units that config doesn't name may call for an edge.
    edge: bool,
}

impl Guests {
    /// Lets in services whose names are like one of the patterns in `plug`, beside the app's `own`.
    /// What any unit of the app may ask, it may ask in the names `asked`.
    pub fn new(
        own: impl IntoIterator<Item = ServiceId>,
        plug: &[String],
        asked: impl IntoIterator<Item = ServiceId>,
    ) -> Self {
        Self {
            own: own.into_iter().collect(),
            plug: plug.iter().map(|pattern| pattern.as_str().into()).collect(),
            asked: asked.into_iter().collect(),
            edge: false,
        }
    }

    /// The same where units that config doesn't name may call for an edge: those of an app's plugged
    /// part, whose gateways are elsewhere.
    #[must_use]
    pub fn calling_for_edges(self) -> Self {
        Self { edge: true, ..self }
    }

    /// Whether a unit that config doesn't name may call for an edge.
    pub const fn may_call_for_edges(&self) -> bool {
        self.edge && !self.is_nobody()
    }

    /// Whether nobody at all is let in.
    pub const fn is_nobody(&self) -> bool {
        self.plug.is_empty()
    }

    /// Whether a service is let in.
    pub fn lets_in(&self, service: ServiceId) -> bool {
        let name = service.name();
        !self.own.contains(&service)
            && !name.starts_with("seam.")
            && self
                .plug
                .iter()
                .any(|pattern| is_like(name, pattern) || **pattern == *service.bare())
    }

    /// Whether a unit that config doesn't name may call in the name of a service.
    pub fn may_call_as(&self, service: ServiceId) -> bool {
        !self.is_nobody() && (self.asked.contains(&service) || self.lets_in(service))
    }
}

/// Whether a text is like a pattern, in which `*` stands for any text.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return text == pattern };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut parts = rest.split('*').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return text.ends_with(part);
        }
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_have_stars() {
        for (pattern, like, unlike) in [
            ("*", &["", "loyalty"][..], &[][..]),
            ("loyalty", &["loyalty"], &["loyalty2", "loyal", ""]),
            ("loyalty*", &["loyalty", "loyalty-next"], &["x-loyalty"]),
            ("*-next", &["loyalty-next"], &["loyalty", "-nexta"]),
            ("a*b*c", &["abc", "aXbYc", "abbc"], &["ac", "abcd", "acb"]),
            ("a*a", &["aa", "aba"], &["a"]),
        ] {
            assert!(like.iter().all(|text| is_like(text, pattern)), "{pattern} {like:?}");
            assert!(!unlike.iter().any(|text| is_like(text, pattern)), "{pattern} {unlike:?}");
        }
    }

    #[test]
    fn guests_are_none_of_the_apps_own() {
        let id = |name| ServiceId::of(name).unwrap();
        let (user, loyalty, asked) = (id("user"), id("loyalty"), id("seam.contracts"));
        let guests = Guests::new([user], &["*".to_owned()], [asked]);
        assert!(guests.lets_in(loyalty) && guests.may_call_as(loyalty));
        assert!(!guests.lets_in(user) && !guests.may_call_as(user));
        assert!(!guests.lets_in(asked) && guests.may_call_as(asked));
        assert!(!guests.may_call_as(id("seam.registry")), "that is its keeper's to be asked");
        let nobody = Guests::new([user], &[], [asked]);
        assert!(nobody.is_nobody() && !nobody.may_call_as(asked) && !nobody.lets_in(loyalty));
        assert!(!Guests::default().may_call_as(loyalty));
    }
}
