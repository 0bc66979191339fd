//! What a request brings along to show whose it is.

use super::session::cookies;
use crate::http::{HeaderMap, HeaderName, header};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
/// A request has no more cookies of that name than a browser would send by mistake.
const MAX_COOKIES: usize = 4;

/// A credential, of whatever worth.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Credential<'a> {
    /// There is none.
    None,
    /// A token, by `Authorization: Bearer`.
    Bearer(&'a str),
    /// By `X-Api-Key`.
    Key(&'a str),
    /// What is in the session's cookie; several if there are several of that name.
    Session(Vec<&'a str>),
    /// Something else than any of these, and what is wrong with it.
    Broken(&'static str),
    /// More than one: nobody could say which counts.
    Several,
}

impl<'a> Credential<'a> {
    /// Finds it in the headers. Cookies count only `with_cookies`.
    pub(super) fn of(headers: &'a HeaderMap, with_cookies: bool) -> Self {
        let mut found = Self::None;
        let mut add = |credential| {
            found = match std::mem::replace(&mut found, Self::None) {
                Self::None => credential,
                _ => Self::Several,
            };
        };
        for value in headers.get_all(header::AUTHORIZATION) {
            add(bearer(value.as_bytes()).map_or_else(Self::Broken, Self::Bearer));
        }
        for value in headers.get_all(API_KEY) {
            let key = value.to_str().map_err(|_| "the header `X-Api-Key` is no key");
            add(key.map_or_else(Self::Broken, Self::Key));
        }
        if with_cookies {
            let texts = headers.get_all(header::COOKIE).filter_map(|value| value.to_str().ok());
            let sessions: Vec<_> = texts.flat_map(cookies).take(MAX_COOKIES).collect();
            if !sessions.is_empty() {
                add(Self::Session(sessions));
            }
        }
        found
    }
}

/// The token of `Bearer TOKEN`, the scheme in any case.
fn bearer(value: &[u8]) -> Result<&str, &'static str> {
    let text = std::str::from_utf8(value).map_err(|_| "the header `Authorization` is no text")?;
    let (scheme, token) = text.split_once(' ').unwrap_or((text, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("the header `Authorization` has another scheme than `Bearer`");
    }
    let token = token.trim_matches(' ');
    match !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        true => Ok(token),
        false => Err("the header `Authorization` has no token"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in all {
            map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        map
    }

    #[test]
    fn a_credential_is_found_where_it_belongs() {
        let none = headers(&[("cookie", "a=b"), ("x-forwarded-user", "1"), ("x-user-id", "1")]);
        assert_eq!(Credential::of(&none, true), Credential::None);
        for scheme in ["Bearer abc", "bearer abc", "BEARER  abc "] {
            let sent = headers(&[("authorization", scheme)]);
            assert_eq!(Credential::of(&sent, true), Credential::Bearer("abc"), "{scheme}");
        }
        for other in ["", "Bearer", "Bearer ", "Basic YTpi", "abc", "Bearer a b", "Bearerabc"] {
            let sent = headers(&[("authorization", other)]);
            assert!(matches!(Credential::of(&sent, true), Credential::Broken(_)), "{other}");
        }
        assert_eq!(Credential::of(&headers(&[("x-api-key", "k")]), true), Credential::Key("k"));
        let sent = headers(&[("cookie", "a=b; seam_session=s"), ("cookie", "seam_session=t")]);
        assert_eq!(Credential::of(&sent, true), Credential::Session(vec!["s", "t"]));
        assert_eq!(Credential::of(&sent, false), Credential::None);
    }

    #[test]
    fn of_two_nobody_can_say_which_counts() {
        let (token, key) = (("authorization", "Bearer a"), ("x-api-key", "k"));
        let cookie = ("cookie", "seam_session=s");
        for both in [[token, key], [key, cookie], [token, cookie], [token, token], [key, key]] {
            assert_eq!(Credential::of(&headers(&both), true), Credential::Several, "{both:?}");
        }
        let all = headers(&[token, key, cookie]);
        assert_eq!(Credential::of(&all, true), Credential::Several);
    }
}
