//! Requests that servers and proxies are known to read differently, refused by their first line
//! and their `Host`.

use crate::http::{Method, header};
use crate::problem::Problem;
use crate::request::Request;

/// Refuses a request whose target can't be trusted, and ends its connection.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    host(request)
        .and_then(|()| path(request.path()))
        .map_err(|why| Problem::bad_request(why).closing())
}

/// Says what is wrong with the host that a request is for, if anything.
fn host(request: &Request) -> Result<(), &'static str> {
    if let Some(authority) = request.authority()
        && *request.method() != Method::CONNECT
    {
        let host = request.header(&header::HOST).map(|host| host.as_bytes());
        if !host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes())) {
            return Err("the URI names another host than the header `Host`");
        }
    }
    Ok(())
}

/// Says what is wrong with a path, as it was sent.
fn path(path: &str) -> Result<(), &'static str> {
    let mut before = 0;
    let suspicious = path.bytes().any(|byte| {
        let after_slash = before == b'/' && matches!(byte, b'/' | b'.');
        before = byte;
        after_slash || matches!(byte, b'%' | b'\\') || !(0x20..0x7f).contains(&byte)
    });
    if suspicious { closely(path) } else { Ok(()) }
}

fn closely(path: &str) -> Result<(), &'static str> {
    let decoded = decode(path)?;
    if decoded.iter().any(|byte| byte.is_ascii_control()) {
        return Err("the path has control characters");
    }
    if decoded.contains(&b'\\') {
        return Err("the path has a backslash");
    }
    if path.contains("//") {
        return Err("the path has an empty segment");
    }
    if decoded.split(|byte| *byte == b'/').any(|segment| segment == b"." || segment == b"..") {
        return Err("the path has a dot segment");
    }
    std::str::from_utf8(&decoded).map(drop).map_err(|_| "the path isn't UTF-8")
}

fn decode(path: &str) -> Result<Vec<u8>, &'static str> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || char::from(bytes.next()?).to_digit(16);
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err("the path has a `%` without two hexadecimal digits");
        };
        match (high * 16 + low) as u8 {
            b'/' => return Err("the path has an encoded slash"),
            byte => decoded.push(byte),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn honest_paths_pass() {
        for honest in
            ["/", "/api/order/7", "/a.b/.well-known", "/caf%C3%A9", "/a%20b", "/a...b", "*"]
        {
            assert_eq!(path(honest), Ok(()), "{honest}");
        }
    }

    #[test]
    fn what_is_read_differently_is_refused() {
        for hostile in [
            "//admin",
            "/a//b",
            "/x/../admin",
            "/./a",
            "/a/..",
            "/a/.",
            "/%2e%2e/a",
            "/.%2E/a",
            "/a%2fb",
            "/a%2Fb",
            "/a%00",
            "/a%5cb",
            "/a\\b",
            "/a%zz",
            "/a%2",
            "/a%",
            "/%ff",
            "/a%0a",
        ] {
            assert!(path(hostile).is_err(), "{hostile}");
        }
    }
}
