//! The cookie that a browser has after it logged in. It says who that is under the seal of the operator's
//! token, so that it holds for as long as that does, whichever process serves it.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use super::seal::{name, plain, seal, unseal};
use super::token_file::random;
use super::{OperatorToken, Role, Who};

/// What cookies' names begin with; the port follows, for a browser sends those of all ports of a host.
pub(crate) const COOKIE: &str = "seam_admin_";

/// How long a session lasts.
const LASTS: Duration = Duration::from_secs(12 * 60 * 60);

const PURPOSE: &str = "session";

/// The value of `Set-Cookie` for somebody who has logged in; `now` is since 1970.
///
/// # Errors
/// The system has no random numbers.
pub(crate) fn cookie(
    token: &OperatorToken,
    address: SocketAddr,
    who: &Who,
    now: Duration,
) -> io::Result<String> {
    let until = (now + LASTS).as_secs();
    let text = format!("{until}.{}.{}.{}", random()?, who.role.as_str(), plain(&who.name));
    let value = seal(token, PURPOSE, &text);
    let (port, age) = (address.port(), LASTS.as_secs());
    Ok(format!("{COOKIE}{port}={value}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict"))
}

/// Who a cookie's value is of; `None` if it is wrong, or too old.
pub(crate) fn session(token: &OperatorToken, value: &str, now: Duration) -> Option<Who> {
    let mut parts = unseal(token, PURPOSE, value)?.split('.');
    let until: u64 = parts.next()?.parse().ok()?;
    let (role, who) = (Role::of(parts.nth(1)?)?, name(parts.next()?)?);
    (now.as_secs() < until).then(|| Who::new(who, role))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_nobody_elses_and_ends() {
        let data = tempfile::tempdir().unwrap();
        let token = OperatorToken::open(data.path()).unwrap();
        let address = ([127, 0, 0, 1], 7070).into();
        let (ada, at) = (Who::new("ada; x", Role::Viewer), Duration::from_secs);
        let cookie = cookie(&token, address, &ada, at(1)).unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Max-Age=43200; HttpOnly; SameSite=Strict");
        let value = pair.strip_prefix("seam_admin_7070=").unwrap();
        assert_eq!(session(&token, value, at(43_200)), Some(ada));
        assert_eq!(session(&token, value, at(43_201)), None);
        let raised = value.replace("viewer", "operator");
        assert_eq!(session(&token, &raised, at(2)), None);
        let other = OperatorToken::open(tempfile::tempdir().unwrap().path()).unwrap();
        assert_eq!(session(&other, value, at(2)), None);
    }
}
