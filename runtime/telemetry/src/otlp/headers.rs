//! What a collector is sent beside what is told: mostly a key.

use std::fmt;

use thiserror::Error;
use ureq::http::{HeaderMap, HeaderName, HeaderValue};

/// Headers of every request to a collector. Their values are shown to nobody.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(HeaderMap);

/// A header that can't be sent. It doesn't say its value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum HeaderError {
    /// Its name isn't one.
    #[error("`{0}` can't be the name of a header")]
    Name(String),
    /// Its value isn't one.
    #[error("the value of `{0}` can't stand in a header")]
    Value(String),
    /// A list has something else between its commas.
    #[error("expected NAME=VALUE,NAME=VALUE")]
    List,
}

impl Headers {
    /// Adds one.
    ///
    /// # Errors
    /// Its name or value can't stand in a header.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<(), HeaderError> {
        let header: HeaderName = name.parse().map_err(|_| HeaderError::Name(name.to_owned()))?;
        let mut value: HeaderValue =
            value.parse().map_err(|_| HeaderError::Value(name.to_owned()))?;
        value.set_sensitive(true);
        self.0.insert(header, value);
        Ok(())
    }

    /// Reads what `OTEL_EXPORTER_OTLP_HEADERS` holds: `NAME=VALUE,NAME=VALUE`, with values in percent
    /// encoding.
    ///
    /// # Errors
    /// It is something else, or a name or value can't stand in a header.
    pub fn parse_list(text: &str) -> Result<Self, HeaderError> {
        let mut headers = Self::default();
        for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or(HeaderError::List)?;
            let value = percent_encoding::percent_decode_str(value.trim()).decode_utf8();
            let value = value.map_err(|_| HeaderError::Value(name.trim().to_owned()))?;
            headers.insert(name.trim(), &value)?;
        }
        Ok(headers)
    }

    /// Their names and values, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()))
    }

    pub(super) const fn map(&self) -> &HeaderMap {
        &self.0
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.keys().map(|name| (name, "***"))).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_and_its_values_are_shown_to_nobody() {
        let headers = Headers::parse_list("api-key=of%20mine, X-Tenant = shop ,").unwrap();
        assert_eq!(headers.0["api-key"], "of mine");
        assert_eq!(headers.0["x-tenant"], "shop");
        assert_eq!(format!("{headers:?}"), "{\"api-key\": \"***\", \"x-tenant\": \"***\"}");
        assert_eq!(Headers::parse_list(""), Ok(Headers::default()));
        assert_eq!(Headers::parse_list("key"), Err(HeaderError::List));
        assert_eq!(Headers::parse_list("a b=c"), Err(HeaderError::Name("a b".into())));
        assert_eq!(Headers::parse_list("key=%0a"), Err(HeaderError::Value("key".into())));
        assert_eq!(Headers::parse_list("key=%ff"), Err(HeaderError::Value("key".into())));
    }
}
