//! Keys of clients: the header `X-Api-Key`.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use ring::rand::{SecureRandom, SystemRandom};
use seam_core::context::Principal;
use seam_core::policy::Quota;
use subtle::ConstantTimeEq;

use super::{Known, Refusal};

/// The longest key, in bytes.
const LONGEST: usize = 1 << 10;

/// A key that lets a client in.
#[derive(Clone, PartialEq, Eq)]
pub struct KeySettings {
    /// Whom it is given to: the principal's subject.
    pub name: String,
    /// The SHA-256 of its text.
    pub hash: [u8; 32],
    /// The roles of who has it.
    pub roles: Vec<String>,
    /// How much whoever has it may ask for, in place of what holds for all; `Some(None)` has no limit.
    pub rate: Option<Option<Quota>>,
}

impl fmt::Debug for KeySettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("KeySettings");
        shown.field("name", &self.name).field("roles", &self.roles).finish_non_exhaustive()
    }
}

/// A new key, of 256 random bits in 43 characters, and its SHA-256 in hexadecimal digits.
///
/// # Errors
/// If the system has no random numbers.
pub fn new_key() -> std::io::Result<(String, String)> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| std::io::Error::other("this system has no random numbers"))?;
    let key = URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    Ok((key, hash))
}

/// The keys that let in.
#[derive(Debug, Default)]
pub(super) struct Keys(Vec<([u8; 32], Arc<Known>)>);

impl Keys {
    /// Keys whose roles are more than calls carry let nobody in.
    pub(super) fn new(settings: &[KeySettings]) -> Self {
        let known = settings.iter().filter_map(|key| {
            let principal = Principal::new(&key.name, "key").with_roles(&key.roles);
            let known = Known { rate: key.rate, ..Known::new(principal).ok()? };
            Some((key.hash, Arc::new(known)))
        });
        Self(known.collect())
    }

    /// Whose key that is.
    pub(super) fn check(&self, key: &str) -> Result<Arc<Known>, Refusal> {
        let wrong = || Refusal::invalid("there is no such key");
        if key.is_empty() || key.len() > LONGEST {
            return Err(wrong());
        }
        let hash = hash(key.as_bytes());
        // How long it takes says nothing of how much of a hash is right.
        let known = self.0.iter().fold(None, |found, (known, who)| {
            if bool::from(known.ct_eq(&hash)) { Some(who) } else { found }
        });
        known.cloned().ok_or_else(wrong)
    }
}

fn hash(key: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, key).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_hash() {
        let (key, text) = new_key().unwrap();
        assert_eq!((key.len(), text.len()), (43, 64));
        assert_ne!(new_key().unwrap().0, key);
        let robot = KeySettings {
            name: "robot".into(),
            hash: hash(key.as_bytes()),
            roles: vec!["support".into()],
            rate: None,
        };
        let other = KeySettings { name: "other".into(), hash: [7; 32], roles: vec![], rate: None };
        let keys = Keys::new(&[robot, other]);
        let found = keys.check(&key).unwrap();
        assert_eq!(found.principal, Principal::new("robot", "key").with_roles(["support"]));
        for wrong in ["", "0", &"0".repeat(43), &key[1..], &format!("{key} "), &"x".repeat(2_000)] {
            assert!(matches!(keys.check(wrong), Err(Refusal::Invalid(_))), "{wrong}");
        }
    }

    #[test]
    fn a_key_with_too_many_roles_lets_nobody_in() {
        let roles = (0..1_000).map(|n| format!("role-{n}")).collect();
        let keys =
            Keys::new(&[KeySettings { name: "x".into(), hash: hash(b"k"), roles, rate: None }]);
        assert!(keys.check("k").is_err());
    }
}
