//! Headers of answers.

use serde_json::{Map, Value, json};

/// Those that operations refer to: name in the document, what it says, schema, whether it is always
/// there.
const ALL: [(&str, &str, &str, bool); 11] = [
    ("X-Request-Id", "The id under which the log has the request.", "string", true),
    (
        "X-Seam-Outcome",
        "Whether a call has run: `service`, `not_executed` or `unknown`.",
        "string",
        true,
    ),
    ("Retry-After", "In how many seconds to try again.", "integer", false),
    ("Location", "Where that is which was made.", "string", false),
    ("ETag", "What is the same only while the answer is.", "string", false),
    ("Accept", "The media types that are taken.", "string", false),
    ("WWW-Authenticate", "How to prove who one is.", "string", false),
    (
        "RateLimit-Policy",
        "The limit: its name, so many (`q`) in so many seconds (`w`).",
        "string",
        false,
    ),
    (
        "RateLimit",
        "What is left of the limit (`r`), and in how many seconds it is renewed (`t`).",
        "string",
        false,
    ),
    ("Preference-Applied", "Which preferences were gone by.", "string", false),
    ("Set-Cookie", "The session.", "string", false),
];

/// Headers of one response, by reference.
pub(super) fn of(names: &[&str]) -> Value {
    let refer = |name: &&str| {
        ((*name).to_owned(), json!({ "$ref": format!("#/components/headers/{name}") }))
    };
    Value::Object(names.iter().map(refer).collect())
}

/// All of them, as `components` has them.
pub(super) fn all() -> Value {
    let header = |(name, about, kind, required): &(&str, &str, &str, bool)| {
        let mut header = json!({ "description": about, "schema": { "type": kind } });
        if *required {
            header["required"] = true.into();
        }
        ((*name).to_owned(), header)
    };
    ALL.iter().map(header).collect::<Map<_, _>>().into()
}
