//! Where a collector is.

use std::fmt;

use thiserror::Error;
use ureq::http::Uri;

/// The URL of a collector, below which it takes `/v1/traces`, `/v1/metrics` and `/v1/logs`.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint(String);

/// A text that names no collector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// It is no URL of a kind that is known.
    #[error("it is no `http` or `https` URL")]
    Unknown,
    /// It would be seen wherever the endpoint is named.
    #[error("a name or password in a URL is shown to everybody: put it into `headers`")]
    Credentials,
    /// A path is put behind it.
    #[error("it has a query or a fragment, behind which no path can be put")]
    Query,
}

impl Endpoint {
    /// Reads `http://HOST:PORT` or `https://…`, with or without a path.
    ///
    /// # Errors
    /// What is something else, carries credentials, or a query.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if text.contains(['?', '#']) {
            return Err(EndpointError::Query);
        }
        let uri: Uri = text.parse().map_err(|_| EndpointError::Unknown)?;
        let is_known = matches!(uri.scheme_str(), Some("http" | "https"));
        if !is_known || uri.host().is_none_or(str::is_empty) {
            return Err(EndpointError::Unknown);
        }
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err(EndpointError::Credentials);
        }
        Ok(Self(text.trim_end_matches('/').to_owned()))
    }

    /// The URL of a path below it.
    pub(super) fn below(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    pub(super) fn is_tls(&self) -> bool {
        self.0.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_behind_a_url() {
        for (text, url) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/logs"),
            ("https://otel.test/", "https://otel.test/v1/logs"),
            ("HTTPS://otel.test/otlp/", "HTTPS://otel.test/otlp/v1/logs"),
            ("http://[::1]:4318", "http://[::1]:4318/v1/logs"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().below("/v1/logs"), url);
        }
        for text in ["", "127.0.0.1:4318", "otel", "grpc://otel:4317", "http://", "http:// x"] {
            assert_eq!(Endpoint::parse(text), Err(EndpointError::Unknown), "{text}");
        }
        assert_eq!(Endpoint::parse("http://a:b@otel.test"), Err(EndpointError::Credentials));
        assert_eq!(Endpoint::parse("http://otel.test?key=a"), Err(EndpointError::Query));
    }
}
