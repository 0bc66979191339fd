//! The pages of codes: what a problem's `type` points at.
//!
//! The runtime's codes explain themselves ([`Code`]); those of services stand in their contracts. One
//! code may be declared by several services, and is one page then.

mod html;

use std::sync::Arc;

use seam_core::call::AnyClient;
use seam_core::contract::ErrorDescriptor;
use seam_core::outcome::{Certainty, Code};

use self::html::{Page, paragraphs};

/// Where the pages are, on every edge.
pub(crate) const PATH: &str = "/errors";

/// Whether a path is one of the pages' own.
pub(crate) fn is_reserved(path: &str) -> bool {
    path.strip_prefix(PATH).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The codes of an edge's services.
#[derive(Debug)]
pub(crate) struct Errors(Vec<Declared>);

/// A code that a service declares.
#[derive(Debug)]
struct Declared {
    service: &'static str,
    error: ErrorDescriptor,
    /// The methods that answer with it.
    methods: Vec<String>,
}

impl Errors {
    pub(crate) fn new(clients: &[Arc<dyn AnyClient>]) -> Self {
        let mut all: Vec<Declared> = Vec::new();
        for client in clients {
            let service = client.service().name();
            for method in &client.descriptor().methods {
                for error in &method.errors {
                    let same =
                        |other: &&mut Declared| other.service == service && other.error == *error;
                    match all.iter_mut().find(same) {
                        Some(known) => known.methods.push(method.name.clone()),
                        None => all.push(Declared {
                            service,
                            error: error.clone(),
                            methods: vec![method.name.clone()],
                        }),
                    }
                }
            }
        }
        all.sort_by(|one, other| {
            (&one.error.code, one.service).cmp(&(&other.error.code, other.service))
        });
        Self(all)
    }

    /// The page that lists all codes.
    pub(crate) fn list(&self) -> String {
        let mut page = Page::new("Errors");
        page.text("What a problem's `code` may be here, and where it is explained.");
        page.heading("Of the runtime");
        page.table(&["code", "status", "meaning"]);
        for code in Code::ALL {
            page.row(code.as_str(), &[&code.status().to_string(), code.meaning()]);
        }
        page.end_table();
        if !self.0.is_empty() {
            page.heading("Of services");
            page.table(&["code", "status", "service", "meaning"]);
            for Declared { service, error, .. } in &self.0 {
                let meaning = paragraphs(&error.doc).next().unwrap_or_default();
                page.row(&error.code, &[&error.status.to_string(), service, &meaning]);
            }
            page.end_table();
        }
        page.end()
    }

    /// The page of one code; `None` if there is no such code.
    pub(crate) fn page(&self, code: &str) -> Option<String> {
        let own = Code::of(code);
        let mut declared = self.0.iter().filter(|declared| declared.error.code == code).peekable();
        if own.is_none() && declared.peek().is_none() {
            return None;
        }
        let mut page = Page::new(code);
        if let Some(code) = own {
            page.heading("Of the runtime");
            page.text(code.meaning());
            page.facts(&[("status", &status(code.status()))]);
            for certainty in code.certainties() {
                page.facts(&[("outcome", certainty.as_str()), ("that is", certainty.meaning())]);
            }
            page.facts(&[("what to do", code.advice())]);
        }
        for declared in declared {
            declared.write(&mut page);
        }
        page.link(PATH, "All codes");
        Some(page.end())
    }
}

impl Declared {
    fn write(&self, page: &mut Page) {
        let Self { service, error, methods } = self;
        let outcome = if error.unknown { Certainty::Unknown } else { Certainty::Service };
        page.heading(&format!("Of the service {service}"));
        page.text(&error.doc);
        page.facts(&[
            ("status", &*status(error.status)),
            ("outcome", outcome.as_str()),
            ("that is", outcome.meaning()),
            ("methods", &*methods.join(", ")),
        ]);
        if error.fields.is_empty() {
            return;
        }
        page.text("Members of the problem beside those that every problem has:");
        page.table(&["member", "type", "meaning"]);
        for field in &error.fields {
            page.row_of_text(&[&field.name, &type_of(&field.schema), &field.doc]);
        }
        page.end_table();
    }
}

/// `404 Not Found`.
fn status(status: u16) -> String {
    let known = crate::http::StatusCode::from_u16(status).ok();
    match known.and_then(|status| status.canonical_reason()) {
        Some(reason) => format!("{status} {reason}"),
        None => status.to_string(),
    }
}

/// What a schema calls its values.
fn type_of(schema: &serde_json::Value) -> String {
    match (schema.get("type"), schema.get("$ref")) {
        (Some(serde_json::Value::String(name)), _) => name.clone(),
        (Some(serde_json::Value::Array(names)), _) => {
            names.iter().filter_map(|name| name.as_str()).collect::<Vec<_>>().join(" or ")
        }
        (_, Some(serde_json::Value::String(reference))) => {
            reference.rsplit('/').next().unwrap_or_default().to_owned()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn declared(service: &'static str, code: &str, doc: &str) -> Declared {
        let field = serde_json::from_value(json!({
            "name": "<id>", "doc": "which & where", "schema": { "type": ["integer", "null"] },
        }));
        let error = ErrorDescriptor {
            code: code.into(),
            status: 409,
            unknown: false,
            doc: doc.into(),
            fields: vec![field.unwrap()],
        };
        Declared { service, error, methods: vec!["add".into(), "move".into()] }
    }

    #[test]
    fn every_code_of_the_runtime_has_a_page() {
        let errors = Errors(Vec::new());
        let list = errors.list();
        for code in Code::ALL {
            let page = errors.page(code.as_str()).unwrap();
            assert!(page.contains(&code.status().to_string()) && page.contains("what to do"));
            assert!(list.contains(&format!("href=\"/errors/{code}\"")), "{code}");
        }
        assert_eq!(errors.page("nothing"), None);
        assert_eq!(errors.page(""), None);
    }

    #[test]
    fn a_code_of_several_services_is_one_page() {
        let errors = Errors(vec![
            declared("library", "taken", "lent already"),
            declared("shelf", "taken", "no room & no <b>air</b>"),
            declared("shelf", "not_found", "no such book"),
        ]);
        let page = errors.page("taken").unwrap();
        for text in [
            "library",
            "shelf",
            "lent already",
            "409 Conflict",
            "add, move",
            "service",
            "integer or null",
            "no room &amp; no &lt;b&gt;air&lt;/b&gt;",
            "&lt;id&gt;",
        ] {
            assert!(page.contains(text), "{text}: {page}");
        }
        assert!(!page.contains("<b>"), "{page}");
        let both = errors.page("not_found").unwrap();
        assert!(both.contains("no such book") && both.contains(Code::NotFound.meaning()));
        assert!(errors.list().contains("lent already"));
    }

    #[test]
    fn a_doc_is_shown_by_paragraph() {
        let doc = "lent already,\nto somebody\nelse\n\n\nAsk again.\n";
        let errors = Errors(vec![declared("shelf", "taken", doc)]);
        let page = errors.page("taken").unwrap();
        assert!(
            page.contains("<p>lent already, to somebody else</p>\n<p>Ask again.</p>"),
            "{page}"
        );
        let list = errors.list();
        assert!(list.contains("<td>lent already, to somebody else</td>"), "{list}");
        assert!(!list.contains("Ask again"), "{list}");
    }

    #[test]
    fn what_is_below_the_pages_is_theirs() {
        for path in ["/errors", "/errors/", "/errors/{code}", "/errors/a/b"] {
            assert!(is_reserved(path), "{path}");
        }
        for path in ["/error", "/errorsome", "/api/errors", "/"] {
            assert!(!is_reserved(path), "{path}");
        }
    }
}
