//! A request's head, made one of actix's.

use actix_http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_http::{Method, Payload, Request, Uri, Version};
use http::request::Parts;

use super::stream::On;
use crate::problem::Problem;

/// As many as HTTP/1.1 may have.
const MAX_HEADERS: usize = 96;

/// The same request as HTTP/1.1 would have brought it: with a `Host` for the authority that HTTP/2
/// names in its place. A client that sends both has the target of a proxy, and is held to that.
pub(super) fn to_actix(parts: &Parts, payload: Payload, on: &On) -> Result<Request, Problem> {
    fits(parts, on.limits.head)?;
    let unreadable = || Problem::bad_request("the target of the request is none");
    let method = Method::from_bytes(parts.method.as_str().as_bytes()).map_err(|_| unreadable())?;
    let mut headers = HeaderMap::with_capacity(parts.headers.len() + 1);
    for (name, value) in &parts.headers {
        if *name != http::header::COOKIE {
            let (name, value) = field(name, value).ok_or_else(unreadable)?;
            headers.append(name, value);
        }
    }
    if let Some(cookies) = cookies(parts) {
        headers.append(header::COOKIE, cookies);
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = parts.uri.authority().map(|authority| authority.as_str());
    let uri = match authority {
        Some(authority) if !headers.contains_key(header::HOST) => {
            let host = HeaderValue::from_str(authority).map_err(|_| unreadable())?;
            headers.append(header::HOST, host);
            Uri::try_from(path)
        }
        Some(authority) if path.starts_with('/') => {
            Uri::try_from(format!("{}://{authority}{path}", scheme(on)))
        }
        _ => Uri::try_from(path),
    };
    let mut request = Request::with_payload(payload);
    let head = request.head_mut();
    (head.method, head.uri) = (method, uri.map_err(|_| unreadable())?);
    (head.version, head.headers, head.peer_addr) = (Version::HTTP_2, headers, Some(on.peer));
    Ok(request)
}

const fn scheme(on: &On) -> &'static str {
    if on.secure { "https" } else { "http" }
}

/// Refuses a head that would be too large for HTTP/1.1, as long as it would be there.
fn fits(parts: &Parts, limit: usize) -> Result<(), Problem> {
    let line = |name: usize, value: usize| name + value + ": \r\n".len();
    let target = parts.uri.path_and_query().map_or(1, |path| path.as_str().len());
    let host = parts.uri.authority().map_or(0, |host| line("host".len(), host.as_str().len()));
    let first = parts.method.as_str().len() + target + "  HTTP/1.1\r\n\r\n".len() + host;
    let fields = parts.headers.iter().map(|(name, value)| line(name.as_str().len(), value.len()));
    if first + fields.sum::<usize>() > limit {
        return Err(Problem::head_too_large("the head is too large"));
    }
    if parts.headers.len() > MAX_HEADERS {
        return Err(Problem::head_too_large("the head is too large, or has too many headers"));
    }
    Ok(())
}

fn field(name: &http::HeaderName, value: &http::HeaderValue) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
    Some((name, HeaderValue::from_bytes(value.as_bytes()).ok()?))
}

/// All cookies in one header: HTTP/2 may take them apart.
fn cookies(parts: &Parts) -> Option<HeaderValue> {
    let mut all = parts.headers.get_all(http::header::COOKIE).iter();
    let first = all.next()?.as_bytes();
    let rest: Vec<_> = all.map(|cookie| cookie.as_bytes()).collect();
    if rest.is_empty() {
        return HeaderValue::from_bytes(first).ok();
    }
    HeaderValue::from_bytes(&[&[first], &rest[..]].concat().join(&b"; "[..])).ok()
}
