//! Errors: a schema for each code, and what operations are answered with.

use std::collections::BTreeMap;

use seam_core::contract::{ErrorDescriptor, SessionStep};
use seam_core::outcome::{Certainty, Code, ProblemMember};
use serde_json::{Map, Value, json};

use super::catalogue::Entry;
use super::components::{Components, reference};
use super::{Api, Scheme, headers};
use crate::http::StatusCode;

/// The media type of all of them.
const PROBLEM: &str = "application/problem+json";

/// What an operation may be refused for.
#[derive(Default)]
pub(super) struct Problems(BTreeMap<u16, Vec<Told>>);

/// One code.
struct Told {
    code: String,
    about: String,
    /// The name of its schema.
    schema: String,
    of_service: bool,
}

/// What every call may end with. Names that the runtime doesn't know aren't there.
const CALL: [&str; 12] = [
    "bad_request",
    "denied",
    "rate_limited",
    "request_timeout",
    "head_too_large",
    "panicked",
    "abandoned",
    "incompatible",
    "connection_lost",
    "unreadable",
    "overloaded",
    "unavailable",
];
const LATE: [&str; 3] = ["breaker_open", "inner", "deadline_exceeded"];
/// Beside those, what brings a body along.
const BODY: [&str; 2] = ["body_too_large", "unsupported_media_type"];
/// And where calls can be made later.
const LATER: [&str; 3] = ["too_large", "idempotency_key_reused", "maybe_kept"];
/// Where a credential may be looked at.
const WHO: [&str; 3] = ["unauthenticated", "invalid_credential", "cross_origin"];

impl Problems {
    /// Those of a method's operation.
    pub(super) fn of(api: &Api<'_>, entry: &Entry<'_>, components: &mut Components) -> Self {
        let mut problems = Self::default();
        problems.add(api, components, &CALL);
        problems.add(api, components, &LATE);
        if !entry.route.is_some_and(|route| matches!(route.verb.as_str(), "GET" | "DELETE")) {
            problems.add(api, components, &BODY);
        }
        let reads = entry.route.is_some_and(|route| route.verb == "GET");
        if api.tickets && !reads {
            problems.add(api, components, &LATER);
        }
        // Where there are no sessions, nobody can begin one.
        let may_be_gone = entry.method.session == Some(SessionStep::Start)
            && !api.asks.schemes.contains(&Scheme::Session);
        if !entry.named.is_empty() || may_be_gone {
            problems.add(api, components, &["not_found"]);
        }
        if api.asks.known {
            problems.add(api, components, &WHO);
        }
        for error in &entry.method.errors {
            let schema = of_service(api, components, entry.service, error);
            let (code, about) = (error.code.clone(), first(&error.doc));
            problems.0.entry(error.status).or_default().push(Told {
                code,
                about,
                schema,
                of_service: true,
            });
        }
        problems
    }

    /// Adds codes of the runtime.
    pub(super) fn add(&mut self, api: &Api<'_>, components: &mut Components, codes: &[&str]) {
        for code in codes.iter().filter_map(|code| Code::of(code)) {
            let schema = of_runtime(api, components, code);
            let (name, about) = (code.as_str().to_owned(), code.meaning().to_owned());
            let told = Told { code: name, about, schema, of_service: false };
            self.0.entry(code.status()).or_default().push(told);
        }
    }

    /// The responses; those that are like others of `owner` are shared.
    pub(super) fn answer(
        self,
        api: &Api<'_>,
        owner: &str,
        components: &mut Components,
        responses: &mut Map<String, Value>,
    ) {
        for (status, told) in self.0 {
            let of_service = told.iter().any(|told| told.of_service);
            let name = match of_service {
                true => format!("{owner}.problem-{status}"),
                false => format!("problem-{status}"),
            };
            let response = response(api, status, &told, components);
            responses.insert(status.to_string(), components.response(&name, response));
        }
    }
}

fn response(api: &Api<'_>, status: u16, told: &[Told], components: &mut Components) -> Value {
    let about = match told {
        [one] => format!("`{}`: {}", one.code, one.about),
        several => {
            let lines = several.iter().map(|one| format!("- `{}`: {}", one.code, one.about));
            lines.collect::<Vec<_>>().join("\n")
        }
    };
    let mut response = json!({ "description": about, "headers": headers::of(with(status)) });
    let own = |of_service: bool| if of_service { api.own_errors } else { api.own_problems };
    if told.iter().any(|told| own(told.of_service)) {
        // Whatever the program makes of it.
        return response;
    }
    let schema = if status == 403 && api.asks.known {
        // Plug-ins have codes of their own.
        reference(&base(components))
    } else if let [one] = told {
        reference(&one.schema)
    } else {
        json!({ "oneOf": told.iter().map(|one| reference(&one.schema)).collect::<Vec<_>>() })
    };
    response["content"] = json!({ PROBLEM: { "schema": schema } });
    response
}

/// Which headers an error of that status has.
const fn with(status: u16) -> &'static [&'static str] {
    match status {
        401 => &["X-Request-Id", "X-Seam-Outcome", "WWW-Authenticate"],
        415 => &["X-Request-Id", "X-Seam-Outcome", "Accept"],
        429 => &["X-Request-Id", "X-Seam-Outcome", "Retry-After", "RateLimit-Policy", "RateLimit"],
        503 => &["X-Request-Id", "X-Seam-Outcome", "Retry-After"],
        _ => &["X-Request-Id", "X-Seam-Outcome"],
    }
}

/// The name of the schema that all problems have.
pub(super) fn base(components: &mut Components) -> String {
    let text = |about: &str| json!({ "type": "string", "description": about });
    let properties: Map<_, _> = [
        ("type", text("Where the code is explained.")),
        ("title", text("The status, in words.")),
        ("status", json!({ "type": "integer", "description": "The HTTP status." })),
        ("detail", text("What is wrong, for people.")),
        ("code", text("What is wrong, for machines: it is stable.")),
        ("outcome", json!({
            "type": "string",
            "enum": ["service", "not_executed", "unknown"],
            "description": "Whether a call has run: it ran and its service said no; it did not run, \
                            and won't; or it may have run.",
        })),
        ("requestId", text("The id under which the log has the request.")),
    ]
    .map(|(name, schema)| (name.to_owned(), schema))
    .into_iter()
    .collect();
    let schema = json!({
        "type": "object",
        "description": "An error (RFC 9457).",
        "required": properties.keys().collect::<Vec<_>>(),
        "properties": properties,
    });
    components.add("edge", "Problem", schema)
}

fn of_runtime(api: &Api<'_>, components: &mut Components, code: Code) -> String {
    let outcomes: Vec<&str> =
        code.certainties().iter().map(|certainty| certainty.as_str()).collect();
    let told = One { code: code.as_str(), status: code.status(), about: code.meaning(), outcomes };
    let schema = told.schema(api, components, Map::new(), Vec::new());
    components.add("edge", &format!("problem.{code}"), schema)
}

fn of_service(
    api: &Api<'_>,
    components: &mut Components,
    service: &str,
    error: &ErrorDescriptor,
) -> String {
    let mut outcomes =
        vec![if error.unknown { Certainty::Unknown } else { Certainty::Service }.as_str()];
    if error.status >= 500 && !error.unknown {
        // Only a store that failed knows what has become of a write.
        outcomes.push(Certainty::Unknown.as_str());
    }
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in error.fields.iter().filter(|field| !ProblemMember::is_reserved(&field.name)) {
        let mut schema = components.whole(service, &field.schema);
        if let (Some(members), false) = (schema.as_object_mut(), field.doc.is_empty()) {
            members.insert("description".into(), field.doc.clone().into());
        }
        if !may_be_null(&field.schema) {
            required.push(field.name.clone());
        }
        properties.insert(field.name.clone(), schema);
    }
    let about = first(&error.doc);
    let told = One { code: &error.code, status: error.status, about: &about, outcomes };
    let schema = told.schema(api, components, properties, required);
    components.add(service, &format!("problem.{}", error.code), schema)
}

/// A code that is told.
struct One<'a> {
    code: &'a str,
    status: u16,
    about: &'a str,
    outcomes: Vec<&'static str>,
}

impl One<'_> {
    fn schema(
        self,
        api: &Api<'_>,
        components: &mut Components,
        mut properties: Map<String, Value>,
        mut required: Vec<String>,
    ) -> Value {
        let kind = format!("{}{}", api.errors, self.code);
        properties.insert("type".into(), json!({ "const": kind }));
        properties.insert("status".into(), json!({ "const": self.status }));
        properties.insert("code".into(), json!({ "const": self.code }));
        properties.insert("outcome".into(), json!({ "enum": self.outcomes }));
        let status = StatusCode::from_u16(self.status).ok();
        if let Some(title) = status.and_then(|status| status.canonical_reason()) {
            properties.insert("title".into(), json!({ "const": title }));
        }
        required.push("code".into());
        json!({
            "allOf": [reference(&base(components))],
            "type": "object",
            "description": self.about,
            "externalDocs": { "url": kind, "description": "Its page." },
            "properties": properties,
            "required": required,
        })
    }
}

/// Whether a value may be missing.
fn may_be_null(schema: &Value) -> bool {
    let is_null = |schema: &Value| schema.get("type").is_some_and(|kind| kind == "null");
    let listed = schema.get("type").and_then(Value::as_array);
    listed.is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
        || is_null(schema)
        || schema.get("anyOf").and_then(Value::as_array).is_some_and(|all| all.iter().any(is_null))
}

/// The first paragraph of a doc comment, as one line.
fn first(doc: &str) -> String {
    let paragraph = doc.trim().split("\n\n").next().unwrap_or_default();
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}
