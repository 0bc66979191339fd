//! Which media types are worth a coding.

/// Types that aren't texts and still shrink.
const OTHERS: [&str; 16] = [
    "application/javascript",
    "application/json",
    "application/ld+json",
    "application/manifest+json",
    "application/rtf",
    "application/sql",
    "application/toml",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/yaml",
    "font/otf",
    "font/ttf",
];
const SUFFIXES: [&str; 4] = ["+json", "+xml", "+text", "+yaml"];

/// Whether contents of that type shrink; events are sent as they come.
pub(crate) fn is_compressible(media_type: &[u8]) -> bool {
    let essence = media_type.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let begins = |text: &str| {
        essence.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
    };
    let ends = |text: &&str| {
        let start = essence.len().checked_sub(text.len());
        start.is_some_and(|start| essence[start..].eq_ignore_ascii_case(text.as_bytes()))
    };
    let is = |text: &&str| essence.eq_ignore_ascii_case(text.as_bytes());
    match begins("text/") {
        true => !is(&"text/event-stream"),
        false => OTHERS.iter().any(is) || SUFFIXES.iter().any(ends),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_shrink_and_pictures_do_not() {
        for media_type in [
            "application/json",
            "Application/JSON; charset=utf-8",
            "application/problem+json",
            "text/html; charset=utf-8",
            "text/css",
            "text/javascript",
            "image/svg+xml",
            "application/wasm",
        ] {
            assert!(is_compressible(media_type.as_bytes()), "{media_type}");
        }
        for media_type in [
            "",
            "text/event-stream",
            "Text/Event-Stream; charset=utf-8",
            "image/png",
            "application/octet-stream",
            "application/zip",
            "font/woff2",
            "video/mp4",
            "application/jsonx",
        ] {
            assert!(!is_compressible(media_type.as_bytes()), "{media_type}");
        }
    }
}
