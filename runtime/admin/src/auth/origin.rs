//! From which page a browser asks: that of another port of this machine is of the same site, and a cookie
//! goes with what it asks for.

/// Whether an `Origin` is that of pages which were had by this `Host`.
pub(crate) fn is_same(origin: &str, host: &str) -> bool {
    // A listener by itself speaks plain HTTP; before it may stand who speaks TLS.
    let named = ["http", "https"].iter().find_map(|scheme| {
        let rest = origin.strip_prefix(scheme)?.strip_prefix("://")?;
        let usual = if *scheme == "http" { ":80" } else { ":443" };
        Some((rest, usual))
    });
    let Some((named, usual)) = named else { return false };
    let bare = |host: &str| host.strip_suffix(usual).unwrap_or(host).to_ascii_lowercase();
    !host.is_empty() && bare(named) == bare(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_the_same_host_and_port() {
        for (origin, host, expected) in [
            ("http://127.0.0.1:7070", "127.0.0.1:7070", true),
            ("http://LOCALHOST:7070", "localhost:7070", true),
            ("http://localhost", "localhost:80", true),
            ("https://ops.example.com", "ops.example.com", true),
            ("http://127.0.0.1:3000", "127.0.0.1:7070", false),
            ("http://localhost:7070", "127.0.0.1:7070", false),
            ("http://127.0.0.1:7070.evil.com", "127.0.0.1:7070", false),
            ("ftp://127.0.0.1:7070", "127.0.0.1:7070", false),
            ("null", "127.0.0.1:7070", false),
            ("", "", false),
            ("http://", "", false),
        ] {
            assert_eq!(is_same(origin, host), expected, "{origin} {host}");
        }
    }
}
