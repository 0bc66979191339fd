//! Links by which a browser logs in: good for 30 s, once, at one listener.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::seal::{name, plain, seal, unseal};
use super::token_file::random;
use super::{OperatorToken, Role, Who};

/// How long a link is good for.
const GOOD_FOR: Duration = Duration::from_secs(30);
/// How many links are remembered as used; there are more only if somebody has the token.
const REMEMBERED: usize = 4096;

/// A link that logs a browser in once.
#[derive(Debug)]
pub struct LoginLink;

impl LoginLink {
    /// A link for somebody to the listener at `address`; `now` is since 1970. Whoever opens it first, within
    /// 30 s, is logged in.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn make(
        token: &OperatorToken,
        address: SocketAddr,
        who: &Who,
        now: Duration,
    ) -> io::Result<String> {
        let until = (now + GOOD_FOR).as_millis();
        let text = format!("{until}.{}.{}.{}", random()?, who.role.as_str(), plain(&who.name));
        let code = seal(token, &purpose(address), &text);
        Ok(format!("http://{address}/?login={code}"))
    }
}

fn purpose(address: SocketAddr) -> String {
    format!("login {address}")
}

/// The links that a listener has let in already.
#[derive(Debug, Default)]
pub(crate) struct Logins(Mutex<HashMap<String, u128>>);

impl Logins {
    /// Who logs in by the code of a link; `None` if it is wrong, too old, or was used before.
    pub(crate) fn enter(
        &self,
        token: &OperatorToken,
        address: SocketAddr,
        code: &str,
        now: Duration,
    ) -> Option<Who> {
        let text = unseal(token, &purpose(address), code)?;
        let mut parts = text.split('.');
        let (until, nonce) = (parts.next()?.parse::<u128>().ok()?, parts.next()?);
        let (role, who) = (Role::of(parts.next()?)?, name(parts.next()?)?);
        let now = now.as_millis();
        if now >= until {
            return None;
        }
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| now < *until);
        let is_new = used.len() < REMEMBERED && used.insert(nonce.to_owned(), until).is_none();
        is_new.then(|| Who::new(who, role))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(link: &str) -> &str {
        link.split_once("/?login=").unwrap().1
    }

    #[test]
    fn a_link_is_good_once_for_30_s_at_one_listener() {
        let data = tempfile::tempdir().unwrap();
        let token = OperatorToken::open(data.path()).unwrap();
        let (here, there) = (([127, 0, 0, 1], 7070).into(), ([127, 0, 0, 1], 7071).into());
        let ada = Who::new("ada.lovelace", Role::Operator);
        let at = Duration::from_millis;
        let link = LoginLink::make(&token, here, &ada, at(1_000)).unwrap();
        assert!(link.starts_with("http://127.0.0.1:7070/?login="));
        let logins = Logins::default();
        let code = code(&link);
        assert_eq!(
            logins.enter(&token, there, code, at(1_000)),
            None,
            "it is for another listener"
        );
        assert_eq!(logins.enter(&token, here, code, at(31_000)), None, "it is too old");
        assert_eq!(logins.enter(&token, here, code, at(30_999)), Some(ada));
        assert_eq!(logins.enter(&token, here, code, at(30_999)), None, "it was used");
        let mut forged = code.to_owned();
        forged.replace_range(..1, "9");
        for wrong in [&*forged, "", ".", "1.2.operator.YQ", &"x".repeat(5000)] {
            assert_eq!(Logins::default().enter(&token, here, wrong, at(0)), None, "{wrong}");
        }
    }
}
