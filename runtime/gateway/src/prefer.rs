//! What a client would rather have (RFC 7240). What can't be read of it is as if it weren't there.

use std::time::Duration;

use crate::http::{HeaderMap, HeaderName};

/// What a client would rather have, of what this edge has to offer.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Preferences {
    /// To be answered at once, and to fetch the result later.
    pub(crate) respond_async: bool,
    /// To be answered within this time.
    pub(crate) wait: Option<Duration>,
}

const PREFER: HeaderName = HeaderName::from_static("prefer");

impl Preferences {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self::read(headers.get_all(PREFER).map(|value| value.as_bytes()))
    }

    /// Several headers are one list. Of a preference that comes twice, the first one counts.
    fn read<'a>(headers: impl Iterator<Item = &'a [u8]>) -> Self {
        let (mut respond_async, mut wait) = (None, None);
        for preference in headers.flat_map(|header| split(header, b',')) {
            // Parameters come behind a `;`, and none means anything here.
            let preference = split(preference, b';').next().unwrap_or_default();
            let mut halves = preference.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
            let name = halves.next().unwrap_or_default();
            let value = unquoted(halves.next().unwrap_or_default());
            if name.eq_ignore_ascii_case(b"respond-async") {
                // It has no value, and an empty one is none.
                respond_async.get_or_insert(value.is_empty());
            } else if name.eq_ignore_ascii_case(b"wait") {
                wait.get_or_insert(seconds(value));
            }
        }
        Self { respond_async: respond_async.unwrap_or_default(), wait: wait.flatten() }
    }
}

/// What stands between separators, but for those in quoted texts.
fn split(text: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |byte| {
        if escaped {
            escaped = false;
            return false;
        }
        match byte {
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => return !quoted && *byte == separator,
        }
        false
    })
}

/// What stands in quotes, if it does.
fn unquoted(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

fn seconds(value: &[u8]) -> Option<Duration> {
    let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    let text = std::str::from_utf8(value).ok().filter(|_| is_number)?;
    // One that is too large for a number is longer than anything that is waited for.
    Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(headers: &[&str]) -> (bool, Option<u64>) {
        let read = Preferences::read(headers.iter().map(|header| header.as_bytes()));
        (read.respond_async, read.wait.map(|wait| wait.as_secs()))
    }

    #[test]
    fn a_preference_is_found_among_others() {
        for header in [
            "respond-async",
            "Respond-ASYNC",
            "\trespond-async ,",
            "return=minimal, respond-async",
            "respond-async; x=y",
            "respond-async;x=\"a, b\";y",
            "respond-async=\"\"",
            "respond-async =",
            "a=\"b, c\\\", d\" , respond-async",
            "priority=5;,,respond-async,respond-async=no",
        ] {
            assert_eq!(read(&[header]), (true, None), "{header}");
        }
        assert_eq!(read(&["return=minimal", "respond-async"]), (true, None));
        assert_eq!(read(&["respond-async, wait=10"]), (true, Some(10)));
    }

    #[test]
    fn what_only_looks_like_one_is_none() {
        for header in [
            "",
            "respond-asynchronously",
            "x=respond-async",
            "x;respond-async",
            "x=\"a, respond-async, b\"",
            "x=\"a\\\", respond-async",
            "respond-async=no, respond-async",
            "respond async",
            "\"respond-async\"",
        ] {
            assert_eq!(read(&[header]), (false, None), "{header}");
        }
    }

    #[test]
    fn a_wait_is_a_number_of_seconds() {
        for (header, wait) in [
            ("wait=10", Some(10)),
            ("Wait = 10", Some(10)),
            ("wait=\"10\"; x", Some(10)),
            ("wait=010", Some(10)),
            ("wait=0", Some(0)),
            ("wait=5, wait=6", Some(5)),
            ("wait=x, wait=6", None),
            ("wait=99999999999999999999999", Some(u64::MAX)),
            ("wait", None),
            ("wait=", None),
            ("wait=-1", None),
            ("wait=+1", None),
            ("wait=1.5", None),
            ("wait=10s", None),
        ] {
            assert_eq!(read(&[header]), (false, wait), "{header}");
        }
    }
}
