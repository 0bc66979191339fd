//! Which pages of other origins may read what an edge answers.

use std::time::Duration;

/// Who may read answers across origins. Default: nobody.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cors {
    /// Origins as browsers send them, see [`Cors::origin`]; [`Cors::ANY`] stands for all of them.
    pub origins: Vec<String>,
    /// Whether their requests may carry cookies and other credentials of the browser's.
    pub credentials: bool,
    /// For how long a browser needn't ask again what it may send. Default: zero, it asks each time.
    pub max_age: Duration,
}

impl Cors {
    /// Every origin.
    pub const ANY: &'static str = "*";

    /// An origin as browsers send it: scheme and host in lower case, and the port unless it is the
    /// scheme's own. `None` for what is no origin, such as a URL with a path.
    pub fn origin(text: &str) -> Option<String> {
        let (scheme, authority) = text.split_once("://")?;
        let scheme = scheme.to_ascii_lowercase();
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        let is_host = !host.is_empty()
            && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte))
            && (host.starts_with('[') == host.contains(':'));
        if !is_scheme || !is_host {
            return None;
        }
        let own = match &*scheme {
            "http" => Some(80),
            "https" => Some(443),
            _ => None,
        };
        let host = host.to_ascii_lowercase();
        match port {
            None => Some(format!("{scheme}://{host}")),
            Some(port) => {
                let digits = port.bytes().all(|byte| byte.is_ascii_digit());
                let port = port.parse::<u16>().ok().filter(|_| digits)?;
                match Some(port) == own {
                    true => Some(format!("{scheme}://{host}")),
                    false => Some(format!("{scheme}://{host}:{port}")),
                }
            }
        }
    }

    /// Whether anybody may.
    pub(crate) fn is_on(&self) -> bool {
        !self.origins.is_empty()
    }

    /// Whether pages of that origin may read answers.
    pub(crate) fn allows(&self, origin: &[u8]) -> bool {
        self.lists(origin) || self.origins.iter().any(|known| known == Self::ANY)
    }

    /// Whether that origin is named: who is let in for being anybody isn't trusted for it.
    pub(crate) fn lists(&self, origin: &[u8]) -> bool {
        self.origins.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_browsers_send() {
        for (text, origin) in [
            ("https://app.test", "https://app.test"),
            ("HTTPS://App.Test:443", "https://app.test"),
            ("http://app.test:80", "http://app.test"),
            ("http://app.test:443", "http://app.test:443"),
            ("http://[::1]:5173", "http://[::1]:5173"),
            ("http://[::1]", "http://[::1]"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(Cors::origin(text).as_deref(), Some(origin), "{text}");
        }
        for text in [
            "",
            "null",
            "*",
            "app.test",
            "https://",
            "https://app.test/",
            "https://app.test/x",
            "https://app.test?x",
            "https://user@app.test",
            "https://*.test",
            "https://app.test:",
            "https://app.test:+1",
            "https://app.test:70000",
            "https://app.test:80:80",
            "://app.test",
            "https://app.test ",
        ] {
            assert_eq!(Cors::origin(text), None, "{text}");
        }
    }

    #[test]
    fn origins_are_compared_whole() {
        let origins = vec!["https://app.test".to_owned()];
        let cors = Cors { origins, ..Cors::default() };
        assert!(cors.allows(b"https://app.test") && cors.allows(b"https://APP.test"));
        for other in [
            "http://app.test",
            "https://app.test:8443",
            "https://app.test.evil",
            "https://evil.app.test",
            "https://app.tes",
            "null",
            "",
        ] {
            assert!(!cors.allows(other.as_bytes()), "{other}");
        }
        let any = Cors { origins: vec![Cors::ANY.into()], ..Cors::default() };
        assert!(any.allows(b"https://other.test") && !any.lists(b"https://other.test"));
    }
}
