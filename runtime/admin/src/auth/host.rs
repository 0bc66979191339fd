//! By which name a browser believes to have come: a page of another site can have its own name lead here,
//! and would then be of the same origin (DNS rebinding).

use std::net::IpAddr;

/// Whether the value of `Host` is localhost, a loopback address, or one of `hosts`; ports don't matter.
pub(crate) fn is_ours(host: &str, hosts: &[String]) -> bool {
    let Some(name) = name(host) else { return false };
    let address = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.eq_ignore_ascii_case("localhost")
        || address.unwrap_or(name).parse().is_ok_and(|address: IpAddr| address.is_loopback())
        || hosts.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The name without its port; `None` if it is none.
fn name(host: &str) -> Option<&str> {
    let end = if host.starts_with('[') { host.find(']')? + 1 } else { 0 };
    match host[end..].find(':') {
        None => Some(host),
        Some(colon) => {
            let (name, port) = (&host[..end + colon], &host[end + colon + 1..]);
            port.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_this_machine_and_listed_ones() {
        let hosts = ["ops.example.com".to_owned()];
        for host in [
            "localhost",
            "LocalHost:7070",
            "127.0.0.1:7070",
            "127.9.9.9",
            "[::1]:7070",
            "[::1]",
            "ops.example.com",
            "OPS.example.com:443",
        ] {
            assert!(is_ours(host, &hosts), "{host}");
        }
        for host in [
            "",
            ":7070",
            "evil.example.com",
            "localhost.evil.com:7070",
            "127.0.0.1.evil.com",
            "evil.com:127.0.0.1",
            "0.0.0.0:7070",
            "[::ffff:10.0.0.1]",
            "192.168.0.1",
            "[::1",
            "[::1]evil.com",
            "a@localhost",
            "localhost:7070:1",
            "xops.example.com",
        ] {
            assert!(!is_ours(host, &hosts), "{host}");
        }
    }
}
