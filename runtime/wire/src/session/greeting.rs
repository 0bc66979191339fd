//! What this side says first: a hello in the form that the peer reads.
//!
//! Version 1's hello ends with its services, and who speaks nothing else refuses more. So who dials
//! says all at once, and who accepts answers in the form that it was greeted in.

use crate::frame::{Hello, LENGTH, Versions};
use crate::violation::EncodeError;

/// A hello that is still to be said, in both forms.
#[derive(Debug)]
pub(super) struct Greeting {
    versions: Option<Versions>,
    /// With what stands behind the services, if anything does.
    whole: Vec<u8>,
    /// How much of it is version 1's.
    plain: usize,
}

impl Greeting {
    pub(super) fn new(hello: &Hello) -> Result<Self, EncodeError> {
        let mut whole = Vec::new();
        let behind = hello.encode_with_length(&mut whole)?;
        Ok(Self { versions: hello.versions, plain: whole.len() - behind, whole })
    }

    /// Says all of it; which versions that offers.
    pub(super) fn say(self, out: &mut Vec<u8>) -> Versions {
        out.extend_from_slice(&self.whole);
        self.versions.unwrap_or(Versions::FIRST)
    }

    /// Says version 1's hello.
    pub(super) fn say_plain(mut self, out: &mut Vec<u8>) -> Versions {
        self.whole.truncate(self.plain);
        let contents = (self.plain - LENGTH) as u32;
        self.whole[..LENGTH].copy_from_slice(&contents.to_le_bytes());
        out.extend_from_slice(&self.whole);
        Versions::FIRST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plain_form_is_that_of_a_build_that_knows_no_other() {
        let old = Hello { app: "shop".to_owned(), unit: "pay".to_owned(), ..Hello::default() };
        let new = Hello { versions: Some(Versions::CURRENT), ..old.clone() };
        let say = |hello: &Hello, plain: bool| {
            let (greeting, mut out) = (Greeting::new(hello).unwrap(), Vec::new());
            let said = if plain { greeting.say_plain(&mut out) } else { greeting.say(&mut out) };
            (out, said)
        };
        let (plain, said) = say(&new, true);
        assert_eq!((&plain, said), (&say(&old, true).0, Versions::FIRST));
        assert_eq!(plain, say(&old, false).0);
        let (whole, said) = say(&new, false);
        assert_eq!(said, Versions::CURRENT);
        assert_eq!(Hello::decode(&whole[5..]), Ok(new));
    }
}
