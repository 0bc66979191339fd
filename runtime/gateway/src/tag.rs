//! Entity tags: what tells one content from another, the same at every edge.

use actix_http::header::HeaderValue;
use xxhash_rust::xxh3::xxh3_128;

use crate::coding::Coding;

/// What a content is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag([u8; 16]);

impl Tag {
    /// Of these bytes.
    pub(crate) fn of(content: &[u8]) -> Self {
        Self(xxh3_128(content).to_be_bytes())
    }

    /// The value of `ETag`: strong, and so another one for each coding.
    pub(crate) fn value(self, coding: Option<Coding>) -> Option<HeaderValue> {
        let mut text = [0; 48];
        text[0] = b'"';
        for (at, byte) in self.0.into_iter().enumerate() {
            let digit = |digit: u8| b"0123456789abcdef"[usize::from(digit)];
            text[1 + 2 * at] = digit(byte >> 4);
            text[2 + 2 * at] = digit(byte & 0xf);
        }
        let mut end = 33;
        if let Some(coding) = coding {
            text[end] = b'-';
            let name = coding.name().as_bytes();
            text[end + 1..][..name.len()].copy_from_slice(name);
            end += 1 + name.len();
        }
        text[end] = b'"';
        HeaderValue::from_bytes(&text[..=end]).ok()
    }
}

/// Whether a list such as the value of `If-None-Match` names that tag; weak ones are as good, and
/// `*` names all.
pub(crate) fn names(list: &[u8], tag: &[u8]) -> bool {
    let tag = tag.strip_prefix(b"W/").unwrap_or(tag);
    let mut rest = list.trim_ascii();
    if rest == b"*" {
        return true;
    }
    while !rest.is_empty() {
        rest = rest.strip_prefix(b"W/").unwrap_or(rest);
        let end = match rest.strip_prefix(b"\"") {
            Some(within) => match within.iter().position(|byte| *byte == b'"') {
                Some(end) => end + 2,
                None => return false,
            },
            None => rest.iter().position(|byte| *byte == b',').unwrap_or(rest.len()),
        };
        if &rest[..end] == tag {
            return true;
        }
        rest = rest[end..].trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_the_contents_and_the_codings() {
        let text = |content: &[u8], coding| {
            let value = Tag::of(content).value(coding).unwrap();
            value.to_str().unwrap().to_owned()
        };
        // As it is on every machine and in every version.
        assert_eq!(text(b"", None), "\"99aa06d3014798d86001c324468d497f\"");
        assert_eq!(text(b"", Some(Coding::Gzip)), "\"99aa06d3014798d86001c324468d497f-gzip\"");
        assert_ne!(text(b"a", None), text(b"b", None));
        assert_ne!(text(b"a", Some(Coding::Brotli)), text(b"a", Some(Coding::Zstd)));
    }

    #[test]
    fn a_list_names_tags() {
        let tag = b"\"a,b\"";
        for list in ["\"a,b\"", "W/\"a,b\"", "\"x\", \"a,b\"", "\"x\",W/\"a,b\" ,\"y\"", "*", " * "]
        {
            assert!(names(list.as_bytes(), tag), "{list}");
        }
        assert!(names(b"\"v1\"", b"W/\"v1\"") && names(b"x, \"v1\"", b"\"v1\""));
        for list in ["", ",", "\"a\"", "a,b", "\"a", "\"a,b", "W/", "\"x\" *", "\"a,b \""] {
            assert!(!names(list.as_bytes(), tag), "{list}");
        }
    }
}
