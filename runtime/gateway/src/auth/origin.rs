//! Requests that a page of another site may have made with a cookie of this one.

use crate::cors::Cors;
use crate::http::{HeaderMap, HeaderName, Method, header};
use crate::problem::Problem;
use seam_core::outcome::Code;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What is known of a request before anything of it is read.
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) has_body: bool,
    /// Whether the body is bytes of whatever media type.
    pub(crate) takes_bytes: bool,
    /// Whether it came by TLS.
    pub(crate) secure: bool,
}

/// Refuses a request with a cookie that another site's page may have sent: one that changes something
/// must say that its body is JSON, and come from a page of this host or of an origin that `cors` names.
pub(super) fn check(asked: &Asked<'_>, cors: &Cors) -> Result<(), Problem> {
    if matches!(*asked.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return Ok(());
    }
    let mut sent = asked.headers.get_all(header::ORIGIN);
    let is_ours = match (sent.next(), sent.next()) {
        (None, _) => {
            let site = asked.headers.get(FETCH_SITE);
            site.is_none_or(|site| site.as_bytes() != b"cross-site")
        }
        (Some(origin), None) => {
            cors.lists(origin.as_bytes()) || is_own(origin.to_str().unwrap_or_default(), asked)
        }
        (Some(_), Some(_)) => false,
    };
    if !is_ours {
        let why = "this comes from a page of another site, which isn't in `[edge.cors] origins`";
        return Err(Problem::new(Code::CrossOrigin, why));
    }
    if asked.has_body && !says_what_no_form_can(asked) {
        let why = "with a session's cookie, a body must say that it is application/json";
        return Err(Problem::unsupported(why).accepting("application/json"));
    }
    Ok(())
}

/// Whether an origin is the host that the client has asked, by the same scheme.
fn is_own(origin: &str, asked: &Asked<'_>) -> bool {
    let host = asked.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let (scheme, port) = if asked.secure { ("https", ":443") } else { ("http", ":80") };
    let Some((sent, named)) = origin.split_once("://") else { return false };
    let bare = |host: &str| host.strip_suffix(port).unwrap_or(host).to_ascii_lowercase();
    sent == scheme && host.is_some_and(|host| !host.is_empty() && bare(host) == bare(named))
}

/// Whether the body's media type is one that a browser sends to another site only if that allows it:
/// JSON; where bytes are taken, any that no form has.
fn says_what_no_form_can(asked: &Asked<'_>) -> bool {
    let kind = asked.headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
    let Some(kind) = kind.and_then(|kind| kind.split(|byte| *byte == b';').next()) else {
        return false;
    };
    let kind = kind.trim_ascii().to_ascii_lowercase();
    let is_json = kind == b"application/json"
        || (kind.starts_with(b"application/") && kind.ends_with(b"+json"));
    let is_simple =
        [&b"text/plain"[..], b"application/x-www-form-urlencoded", b"multipart/form-data", b""]
            .contains(&&kind[..]);
    is_json || (asked.takes_bytes && !is_simple)
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

    fn status(method: Method, all: &[(&'static str, &'static str)], has_body: bool) -> u16 {
        let headers = headers(all);
        let asked = Asked {
            method: &method,
            headers: &headers,
            has_body,
            takes_bytes: false,
            secure: false,
        };
        let origins = vec!["https://app.test".to_owned(), Cors::ANY.to_owned()];
        let known = Cors { origins, ..Cors::default() };
        check(&asked, &known).map_or_else(|problem| problem.status.as_u16(), |()| 200)
    }

    const HOST: (&str, &str) = ("host", "shop.test:8080");
    const JSON: (&str, &str) = ("content-type", "application/json; charset=utf-8");

    #[test]
    fn pages_of_this_host_and_of_listed_ones_may_ask() {
        for (origin, expected) in [
            ("http://shop.test:8080", 200),
            ("http://SHOP.test:8080", 200),
            ("https://app.test", 200),
            ("https://shop.test:8080", 403),
            ("http://shop.test", 403),
            ("http://shop.test:8080.evil", 403),
            ("https://evil.test", 403),
            ("http://app.test", 403),
            ("null", 403),
            ("", 403),
        ] {
            let sent = [HOST, JSON, ("origin", origin)];
            assert_eq!(status(Method::POST, &sent, true), expected, "{origin}");
            assert_eq!(status(Method::GET, &sent, false), 200);
            assert_eq!(status(Method::DELETE, &sent, false), expected);
        }
        let twice = [HOST, JSON, ("origin", "https://app.test"), ("origin", "https://evil.test")];
        assert_eq!(status(Method::POST, &twice, true), 403);
        assert_eq!(
            status(Method::POST, &[HOST, JSON, ("sec-fetch-site", "cross-site")], true),
            403
        );
        assert_eq!(
            status(Method::POST, &[HOST, JSON, ("sec-fetch-site", "same-origin")], true),
            200
        );
        let default = [("host", "shop.test:80"), JSON, ("origin", "http://shop.test")];
        assert_eq!(status(Method::POST, &default, true), 200);
    }

    #[test]
    fn a_body_must_say_what_no_form_can() {
        for (kind, expected) in [
            ("application/json", 200),
            ("Application/JSON", 200),
            ("application/merge-patch+json", 200),
            ("text/plain", 415),
            ("text/plain; x=application/json", 415),
            ("application/x-www-form-urlencoded", 415),
            ("text/x+json", 415),
            ("image/png", 415),
            ("", 415),
        ] {
            let sent = [HOST, ("content-type", kind)];
            assert_eq!(status(Method::POST, &sent, true), expected, "{kind}");
        }
        assert_eq!(status(Method::POST, &[HOST], true), 415);
        assert_eq!(status(Method::POST, &[HOST], false), 200);
        let headers = headers(&[HOST, ("content-type", "image/png")]);
        let (method, has_body) = (Method::POST, true);
        let asked = Asked {
            method: &method,
            headers: &headers,
            has_body,
            takes_bytes: true,
            secure: false,
        };
        assert!(check(&asked, &Cors::default()).is_ok());
    }
}
