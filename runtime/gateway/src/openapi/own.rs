//! The edge's own operations.

use seam_core::outcome::Code;
use serde_json::{Map, Value, json};

use super::components::{Components, reference};
use super::problems::{Problems, base};
use super::{Api, PATH, Paths, answer, headers, method};
use crate::docs;
use crate::errors;
use crate::routes::TICKETS;

/// What they are listed under; no service is called so.
pub(super) const TAG: &str = "the edge";

const HTML: &str = "text/html";
const JSON: &str = "application/json";

/// Adds all of them.
pub(super) fn operations(api: &Api<'_>, components: &mut Components, paths: &mut Paths) {
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let methods = api.services.iter().flat_map(|(_, contract)| &contract.methods);
    codes.extend(methods.flat_map(|method| &method.errors).map(|error| error.code.as_str()));
    codes.sort_unstable();
    codes.dedup();

    let mut add = |path: &str, own: Own| {
        let verb = own.verb;
        paths.add(path, verb, own.operation(api, components));
    };
    let status = |text: &str| json!({ "type": "object", "properties": { "status": { "const": text } }, "required": ["status"] });
    add(
        "/healthz",
        Own::page("edge.healthz", "Whether the process lives.", JSON, Some(status("ok"))),
    );
    let ready = Own::page(
        "edge.readyz",
        "Whether the unit is ready for requests.",
        JSON,
        Some(status("ready")),
    );
    add("/readyz", ready.refused(&["unavailable"]));
    add(PATH, Own::page("edge.openapi", "This document.", JSON, Some(json!({ "type": "object" }))));
    add(
        docs::PATH,
        Own::page("edge.docs", "This document as a page, where calls can be tried.", HTML, None),
    );
    add(errors::PATH, Own::page("edge.errors", "What every code of a problem means.", HTML, None));
    let code = json!({ "name": "code", "in": "path", "required": true, "schema": { "type": "string", "enum": codes } });
    let page = Own::page("edge.error", "What a code means, and what to do about it.", HTML, None);
    add(&format!("{}/{{code}}", errors::PATH), page.taking(code).refused(&["not_found"]));
    if api.tickets {
        add(&format!("{TICKETS}/{{id}}"), Own::ticket());
    }
    if api.services.iter().any(|(_, contract)| contract.methods.iter().any(|method| method.public))
    {
        add("/gateway", Own::form(api.tickets));
    }
}

/// One of them.
struct Own {
    verb: &'static str,
    id: &'static str,
    about: &'static str,
    parameters: Vec<Value>,
    body: Option<Value>,
    kind: Kind,
    codes: Vec<&'static str>,
}

/// What it is answered with.
enum Kind {
    /// What is there.
    Page {
        media_type: &'static str,
        schema: Option<Value>,
    },
    Ticket,
    /// Whatever a service answers, or how a call is refused.
    Any {
        tickets: bool,
    },
}

impl Own {
    fn page(
        id: &'static str,
        about: &'static str,
        media_type: &'static str,
        schema: Option<Value>,
    ) -> Self {
        let codes =
            vec!["bad_request", "rate_limited", "request_timeout", "head_too_large", "overloaded"];
        let kind = Kind::Page { media_type, schema };
        Self { verb: "GET", id, about, parameters: Vec::new(), body: None, kind, codes }
    }

    fn ticket() -> Self {
        let about = "What has become of a call that is made later.";
        let id = json!({
            "name": "id", "in": "path", "required": true,
            "schema": { "type": "string", "pattern": "^[0-9a-f]{32}$" },
        });
        let wait = json!({
            "name": "Prefer", "in": "header", "schema": { "type": "string" },
            "description": "`wait=N`: the answer waits for the call's end, N seconds at most.",
            "examples": { "wait": { "value": "wait=10" } },
        });
        let own = Self::page("edge.ticket", about, JSON, None).taking(id).taking(wait);
        let own = Self { kind: Kind::Ticket, ..own };
        own.refused(&[
            "ticket_not_found",
            "ticket_expired",
            "unavailable",
            "unreadable",
            "deadline_exceeded",
        ])
    }

    fn form(tickets: bool) -> Self {
        let text = |about: &str| json!({ "type": "string", "minLength": 1, "description": about });
        let schema = json!({
            "type": "object",
            "properties": {
                "module": text("The service."),
                "version": { "type": "string", "description": "The version of its contract that is asked for: `1.0`." },
                "method": text("The method, with or without the service before it: `User.Get`."),
                "bizContent": { "type": "string", "description": "The arguments: a JSON object." },
            },
            "required": ["module", "method"],
        });
        let media_type = "application/x-www-form-urlencoded";
        let body = json!({ "required": true, "content": { media_type: { "schema": schema } } });
        let mut parameters = Vec::new();
        if tickets {
            method::later(&mut parameters);
        }
        let about = "Calls a public method by a form. What a method is refused for, its own operation \
                     says, and so does it which credential it asks for.";
        let own = Self::page("edge.gateway", about, JSON, None);
        Self {
            verb: "POST",
            parameters,
            body: Some(body),
            kind: Kind::Any { tickets },
            codes: Vec::new(),
            ..own
        }
    }

    fn taking(mut self, parameter: Value) -> Self {
        self.parameters.push(parameter);
        self
    }

    fn refused(mut self, codes: &[&'static str]) -> Self {
        self.codes.extend(codes);
        self
    }

    fn operation(self, api: &Api<'_>, components: &mut Components) -> Value {
        let mut responses = Map::new();
        self.kind.answer(api, components, &mut responses);
        let mut problems = Problems::default();
        problems.add(api, components, &self.codes);
        problems.answer(api, TAG, components, &mut responses);
        let mut operation = json!({
            "operationId": self.id,
            "tags": [TAG],
            "summary": self.about,
            "responses": responses,
            "security": [],
        });
        if !self.parameters.is_empty() {
            operation["parameters"] = self.parameters.into();
        }
        if let Some(body) = self.body {
            operation["requestBody"] = body;
        }
        operation
    }
}

impl Kind {
    fn answer(
        self,
        api: &Api<'_>,
        components: &mut Components,
        responses: &mut Map<String, Value>,
    ) {
        let told = match self {
            Self::Any { .. } => headers::of(&["X-Request-Id"]),
            _ => headers::of(&["X-Request-Id", "ETag"]),
        };
        let mut add = |status: &str, about: &str, content: Value| {
            let response = json!({ "description": about, "headers": told, "content": content });
            responses.insert(status.to_owned(), response);
        };
        match self {
            Self::Page { media_type, schema } => {
                let content =
                    schema.map_or_else(|| json!({}), |schema| json!({ "schema": schema }));
                add("200", "So it is.", json!({ media_type: content }));
                answer::unchanged(components, responses);
            }
            Self::Ticket => {
                let schema = reference(&answer::ticket_schema(components));
                let content = json!({ JSON: { "schema": schema } });
                add("200", "The call has ended.", content.clone());
                add("202", "It has no end yet.", content);
                answer::unchanged(components, responses);
            }
            Self::Any { tickets } => {
                add("200", "What the method answers.", json!({ JSON: {} }));
                let problem = match api.own_problems || api.own_errors {
                    true => json!({ "*/*": {} }),
                    false => {
                        json!({ "application/problem+json": { "schema": reference(&base(components)) } })
                    }
                };
                add("4XX", "A problem of the request, or of the service's.", problem.clone());
                add("5XX", "A problem of the app.", problem);
                if tickets {
                    answer::ticket(components, responses);
                }
            }
        }
    }
}
