//! A cookie, as an answer sets it.

use std::fmt::{self, Write};
use std::time::Duration;

/// A cookie for [`Answer::with_cookie`](super::Answer::with_cookie). It holds for the session and
/// every path unless it is told more; what can't stand in a cookie is percent-encoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cookie(String);

/// When a browser sends a cookie along with requests that other sites began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SameSite {
    /// Never.
    Strict,
    /// When a link was followed.
    Lax,
    /// Always; then it has to be [`secure`](Cookie::secure).
    None,
}

impl Cookie {
    /// A cookie for every path of this host.
    pub fn new(name: &str, value: &str) -> Self {
        let mut cookie = String::new();
        encode(&mut cookie, name, b"=;,\"\\/()<>@[]{}?:% ");
        cookie.push('=');
        encode(&mut cookie, value, b";,\"\\% ");
        cookie.push_str("; Path=/");
        Self(cookie)
    }

    /// Keeps it for so long; zero takes it back.
    #[must_use]
    pub fn max_age(self, age: Duration) -> Self {
        self.with(&format!("Max-Age={}", age.as_secs()))
    }

    /// Keeps it from scripts.
    #[must_use]
    pub fn http_only(self) -> Self {
        self.with("HttpOnly")
    }

    /// Sends it by TLS alone.
    #[must_use]
    pub fn secure(self) -> Self {
        self.with("Secure")
    }

    /// When it is sent along with what other sites begin.
    #[must_use]
    pub fn same_site(self, same_site: SameSite) -> Self {
        self.with(match same_site {
            SameSite::Strict => "SameSite=Strict",
            SameSite::Lax => "SameSite=Lax",
            SameSite::None => "SameSite=None",
        })
    }

    fn with(mut self, attribute: &str) -> Self {
        self.0.push_str("; ");
        self.0.push_str(attribute);
        self
    }
}

fn encode(out: &mut String, text: &str, special: &[u8]) {
    for byte in text.bytes() {
        if byte.is_ascii_graphic() && !special.contains(&byte) {
            out.push(byte.into());
        } else {
            // Writing to a string can't fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

impl fmt::Display for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_can_be_smuggled_into_a_cookie() {
        let cookie = Cookie::new("a=b", "x; Domain=evil\r\ny")
            .max_age(Duration::from_secs(60))
            .http_only()
            .secure()
            .same_site(SameSite::Lax);
        assert_eq!(
            cookie.to_string(),
            "a%3Db=x%3B%20Domain=evil%0D%0Ay; Path=/; Max-Age=60; HttpOnly; Secure; SameSite=Lax"
        );
    }
}
