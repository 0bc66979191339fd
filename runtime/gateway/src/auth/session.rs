//! Sessions: who has signed in, sealed in a cookie that every gateway with the same key can read.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use seam_core::context::Principal;
use serde::{Deserialize, Serialize};

use super::{Known, Refusal};

/// The cookie's name.
pub(crate) const COOKIE: &str = "seam_session";

/// How sessions are sealed, and how long they last.
#[derive(Clone, PartialEq, Eq)]
pub struct SessionSettings {
    /// What cookies are sealed with: the same at every gateway.
    pub key: [u8; 32],
    /// How long a session lasts in which nothing is asked.
    pub idle: Duration,
    /// How long any session lasts.
    pub max: Duration,
}

impl fmt::Debug for SessionSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SessionSettings");
        shown.field("idle", &self.idle).field("max", &self.max).finish_non_exhaustive()
    }
}

/// What a cookie holds, once it is opened. Times are milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Sealed {
    id: u128,
    began: u64,
    /// When it was sealed.
    seen: u64,
    who: Principal,
}

/// A session that lasts.
#[derive(Debug)]
pub(crate) struct Session {
    /// By which it is ended.
    pub(crate) id: String,
    pub(crate) known: Known,
    /// How long it may last from now on, at most.
    pub(crate) left: Duration,
    /// A cookie in place of the one that was sent, once a part of `idle` is over.
    pub(crate) renewed: Option<NewCookie>,
}

/// A cookie to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewCookie {
    value: String,
    /// How long a client keeps it; zero takes it away.
    age: Duration,
}

/// Seals and opens cookies.
pub(super) struct Sessions {
    settings: SessionSettings,
    key: hmac::Key,
    random: SystemRandom,
}

/// The form of what is sealed; it stands before it, and is sealed with it.
const VERSION: u8 = 1;
/// So many random bytes are in front: from one half and the key follows the one that seals, the other
/// is its nonce. So as many cookies may be sealed as anybody likes.
const SALT: usize = 28;
const HALF: usize = 16;
/// The longest value of a cookie that is opened.
const LONGEST: usize = 8 << 10;

impl Sessions {
    pub(super) fn new(settings: SessionSettings) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &settings.key);
        Self { settings, key, random: SystemRandom::new() }
    }

    /// Begins a session, at `now`, which is the time since 1970.
    pub(super) fn begin(&self, who: Principal, now: Duration) -> Result<NewCookie, Refusal> {
        // It has to be carried.
        Known::new(who.clone())?;
        let mut id = [0; 16];
        self.random.fill(&mut id).map_err(|_| Refusal::Unavailable(NO_RANDOM))?;
        let now = millis(now);
        self.seal(&Sealed { id: u128::from_be_bytes(id), began: now, seen: now, who }, now)
    }

    /// The session of a cookie, if it lasts at `now`.
    pub(super) fn open(&self, cookie: &str, now: Duration) -> Result<Session, Refusal> {
        let sealed = self.opened(cookie).ok_or(Refusal::Over)?;
        let (at, now) = (now, millis(now));
        // A clock may go back by a little, and no session is of the time to come.
        let age = |since: u64| Duration::from_millis(now.saturating_sub(since));
        let SessionSettings { idle, max, .. } = self.settings;
        let left = max.saturating_sub(age(sealed.began));
        if age(sealed.seen) >= idle || left.is_zero() {
            return Err(Refusal::Over);
        }
        let id = format!("{:032x}", sealed.id);
        let renewed = match age(sealed.seen) >= idle / RENEWED {
            // Without random numbers the old one has to do.
            true => self.seal(&Sealed { seen: now, ..sealed.clone() }, now).ok(),
            false => None,
        };
        let known = Known { until: Some(at + left), ..Known::new(sealed.who)? };
        Ok(Session { id, known, left, renewed })
    }

    fn seal(&self, sealed: &Sealed, now: u64) -> Result<NewCookie, Refusal> {
        let mut salt = [0; SALT];
        self.random.fill(&mut salt).map_err(|_| Refusal::Unavailable(NO_RANDOM))?;
        let mut content = serde_json::to_vec(sealed).unwrap_or_default();
        let none = |_| Refusal::Unavailable("the session can't be sealed");
        let (key, nonce) = self.derived(&salt).ok_or(ring::error::Unspecified).map_err(none)?;
        key.seal_in_place_append_tag(nonce, Aad::from([VERSION]), &mut content).map_err(none)?;
        let mut bytes = Vec::with_capacity(1 + SALT + content.len());
        bytes.push(VERSION);
        bytes.extend_from_slice(&salt);
        bytes.extend_from_slice(&content);
        let lasted = Duration::from_millis(now.saturating_sub(sealed.began));
        let age = self.settings.idle.min(self.settings.max.saturating_sub(lasted));
        Ok(NewCookie { value: URL_SAFE_NO_PAD.encode(bytes), age })
    }

    fn opened(&self, cookie: &str) -> Option<Sealed> {
        if cookie.len() > LONGEST {
            return None;
        }
        let mut bytes = URL_SAFE_NO_PAD.decode(cookie).ok()?;
        let (version, rest) = bytes.split_first_mut()?;
        if *version != VERSION {
            return None;
        }
        let (salt, content) = rest.split_at_mut_checked(SALT)?;
        let (key, nonce) = self.derived((&*salt).try_into().ok()?)?;
        let opened = key.open_in_place(nonce, Aad::from([VERSION]), content).ok()?;
        serde_json::from_slice(opened).ok()
    }

    /// What seals a cookie with these random bytes in front.
    fn derived(&self, salt: &[u8; SALT]) -> Option<(LessSafeKey, Nonce)> {
        let (half, nonce) = salt.split_at(HALF);
        let mut context = hmac::Context::with_key(&self.key);
        context.update(b"seam session");
        context.update(half);
        let key = UnboundKey::new(&CHACHA20_POLY1305, context.sign().as_ref()).ok()?;
        Some((LessSafeKey::new(key), Nonce::try_assume_unique_for_key(nonce).ok()?))
    }
}

const NO_RANDOM: &str = "this system has no random numbers";
/// A cookie is sealed anew once this part of `idle` is over.
const RENEWED: u32 = 8;

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl NewCookie {
    /// One that takes the session's away.
    pub(crate) const fn none() -> Self {
        Self { value: String::new(), age: Duration::ZERO }
    }

    /// The value of `Set-Cookie`; `secure` if the request came by TLS.
    pub(crate) fn header(&self, secure: bool) -> String {
        let (value, age) = (&self.value, self.age.as_secs());
        let secure = if secure { "; Secure" } else { "" };
        format!("{COOKIE}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{secure}")
    }
}

/// The values of the session's cookie in a header `Cookie`, but for empty ones.
pub(super) fn cookies(header: &str) -> impl Iterator<Item = &str> {
    let pairs = header.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, value)| *name == COOKIE && !value.is_empty()).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn sessions(key: u8) -> Sessions {
        let (idle, max) = (10 * MINUTE, 60 * MINUTE);
        Sessions::new(SessionSettings { key: [key; 32], idle, max })
    }

    fn ada() -> Principal {
        Principal::new("1", "session").with_roles(["support"])
    }

    #[test]
    fn a_session_is_good_wherever_the_key_is() {
        let now = 1_000 * MINUTE;
        let cookie = sessions(1).begin(ada(), now).unwrap();
        let session = sessions(1).open(&cookie.value, now + MINUTE).unwrap();
        assert_eq!(session.known.principal, ada());
        assert_eq!((session.left, session.renewed), (59 * MINUTE, None));
        assert!(sessions(2).open(&cookie.value, now).is_err());
        let other = sessions(1).begin(ada(), now).unwrap();
        assert_ne!(sessions(1).open(&other.value, now).unwrap().id, session.id);
        let header = cookie.header(false);
        assert_eq!(cookies(&format!("a=b; {header}")).next(), Some(&*cookie.value));
        assert!(header.ends_with("; Path=/; Max-Age=600; HttpOnly; SameSite=Lax"));
        assert!(cookie.header(true).ends_with("SameSite=Lax; Secure"));
    }

    #[test]
    fn a_session_lasts_while_it_is_used_and_not_for_ever() {
        let (sessions, began) = (sessions(1), 1_000 * MINUTE);
        let first = sessions.begin(ada(), began).unwrap();
        assert!(sessions.open(&first.value, began + 10 * MINUTE).is_err());
        let id = sessions.open(&first.value, began).unwrap().id;
        let (mut cookie, mut lasted) = (first, Duration::ZERO);
        let end = loop {
            lasted += 5 * MINUTE;
            match sessions.open(&cookie.value, began + lasted) {
                Ok(session) => {
                    assert_eq!(session.id, id);
                    cookie = session.renewed.unwrap();
                    assert_eq!(cookie.age, (10 * MINUTE).min(60 * MINUTE - lasted));
                }
                Err(_) => break lasted,
            }
        };
        assert_eq!(end, 60 * MINUTE);
    }

    #[test]
    fn what_is_sealed_can_be_neither_read_nor_changed() {
        let (sessions, now) = (sessions(1), 1_000 * MINUTE);
        let cookie = sessions.begin(ada(), now).unwrap().value;
        let bytes = URL_SAFE_NO_PAD.decode(&cookie).unwrap();
        assert!(!bytes.windows(7).any(|part| part == b"support"));
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            assert!(sessions.open(&URL_SAFE_NO_PAD.encode(changed), now).is_err(), "{at}");
            assert!(sessions.open(&URL_SAFE_NO_PAD.encode(&bytes[..at]), now).is_err(), "{at}");
        }
        assert!(sessions.open(&format!("{cookie}="), now).is_err());
    }

    #[test]
    fn a_principal_that_no_call_could_carry_begins_none() {
        let much = ada().with_roles((0..1_000).map(|n| format!("role-{n}")));
        assert!(sessions(1).begin(much, MINUTE).is_err());
    }

    #[test]
    fn only_the_sessions_cookie_is_one() {
        let found = |header| cookies(header).collect::<Vec<_>>();
        assert_eq!(found("seam_session=a; seam_session=b;x"), ["a", "b"]);
        assert!(found("seam_session=; xseam_session=a; Seam_Session=b; seam_session").is_empty());
    }
}
