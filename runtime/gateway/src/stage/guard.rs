//! Requests that servers and proxies are known to read differently, refused by their first line
//! and their `Host`.

use crate::http::{Method, header};
use crate::problem::Problem;
use crate::request::Request;
use crate::target;

/// Refuses a request whose target can't be trusted, and ends its connection.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    host(request)
        .and_then(|()| target::path(request.path()))
        .map_err(|why| Problem::bad_request(why).closing())
}

/// Says what is wrong with the host that a request is for, if anything.
fn host(request: &Request) -> Result<(), &'static str> {
    if *request.method() == Method::CONNECT {
        return Err("this is no proxy: CONNECT leads nowhere");
    }
    let host = request.header(&header::HOST).map(|host| host.as_bytes());
    if request.is_h2() && request.headers().get_all(header::HOST).count() != 1 {
        return Err("the request names no host, or several");
    }
    if host.is_some_and(|host| !is_host(host)) {
        return Err("the header `Host` names no host");
    }
    if let Some(authority) = request.authority()
        && !host.is_some_and(|host| host.eq_ignore_ascii_case(authority.as_bytes()))
    {
        return Err("the URI names another host than the header `Host`");
    }
    Ok(())
}

/// Whether that is one host, and its port perhaps. A request of a target without a host has an empty
/// one.
fn is_host(host: &[u8]) -> bool {
    let (is_name, rest) = if let Some(literal) = host.strip_prefix(b"[") {
        let end = literal.iter().position(|byte| *byte == b']').unwrap_or(0);
        let within = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
        (end > 0 && literal[..end].iter().all(within), literal.get(end + 1..).unwrap_or_default())
    } else {
        let end = host.iter().position(|byte| *byte == b':').unwrap_or(host.len());
        let within =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        ((end > 0 || host.is_empty()) && host[..end].iter().all(within), &host[end..])
    };
    let is_port = match rest {
        [] => true,
        [b':', port @ ..] => port.len() <= 5 && port.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    is_name && is_port
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_host() {
        for host in
            ["", "a", "a.b", "a:80", "a-b_c~d.", "127.0.0.1:8080", "[::1]", "[fe80::1]:80", "a:"]
        {
            assert!(is_host(host.as_bytes()), "{host}");
        }
        for host in [
            "a@b",
            "a, b",
            "a,b",
            "x/y",
            "a b",
            ":80",
            "a:b",
            "a:800000",
            "a:80:80",
            "[",
            "[]",
            "[::1",
            "[::1]x",
            "[x]",
            "a?b",
            "a#b",
            "a\\b",
            "%61",
            "caf\u{e9}",
        ] {
            assert!(!is_host(host.as_bytes()), "{host}");
        }
    }
}
