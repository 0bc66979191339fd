//! `help`.

use seam_core::contract::MethodDescriptor;

use super::{super::usage, line::MOST, schema::skeleton, vocabulary::Vocabulary};

/// What there is.
pub(super) fn all(known: &Vocabulary) -> String {
    let services = known.services().collect::<Vec<_>>().join(", ");
    format!(
        "\
SERVICE.METHOD {{\"name\": value, …}} [--deadline 5s]
    calls it by hand, as `call` does; the audit has it
bench SERVICE.METHOD {{…}} [--for 5s] [--concurrency 8] [--deadline 5s]
    calls it again and again, up to {MOST} at a time: calls a second, p50, p99, failures
trace [ID]
    the calls of a trace under each other, with its log; that of the last call if none is named
traces
    those that are kept, the latest first
help [SERVICE[.METHOD]]
    what it can do, and what it takes
quit
    ends, as Ctrl-D does; Ctrl-C cancels a line, a call or a bench

Tab completes services, methods, names and values. Lines with a member that is named like a
secret aren't remembered.

services: {services}"
    )
}

/// What a service or a method is about.
///
/// # Errors
/// There is none of that name; what to write.
pub(super) fn of(known: &Vocabulary, name: &str) -> Result<String, String> {
    if let Some(method) = known.method(name) {
        return Ok(of_method(name, method));
    }
    if let Some(contract) = known.contract(name) {
        let mut text = format!("{name} {}", contract.version);
        add(&mut text, &contract.doc);
        text.push_str(&usage::methods(contract));
        return Ok(text);
    }
    let service = name.rsplit_once('.').map_or(name, |(service, _)| service);
    Err(match known.contract(service) {
        Some(_) => format!("`{service}` has no such method\n  fix: {}", known.instead_of(service)),
        None => format!("there is no service `{service}`\n  fix: {}", known.instead_of(service)),
    })
}

fn of_method(name: &str, method: &MethodDescriptor) -> String {
    let mut text = name.to_owned();
    if method.idempotent {
        text.push_str(", idempotent");
    }
    if let Some(deadline) = method.deadline {
        text.push_str(&format!(", deadline {deadline:?}"));
    }
    add(&mut text, &method.doc);
    text.push_str(&format!("\n  arguments: {}", usage::arguments(method)));
    let codes: Vec<&str> = method.errors.iter().map(|error| error.code.as_str()).collect();
    if !codes.is_empty() {
        text.push_str(&format!("\n  errors: {}", codes.join(", ")));
    }
    let arguments = &method.schema.arguments;
    let example = skeleton(arguments, arguments, 0);
    if example.len() > 2 && example.starts_with('{') {
        text.push_str(&format!("\n  e.g. {name} {example}"));
    }
    text
}

/// Adds the lines of a doc comment.
fn add(text: &mut String, doc: &str) {
    for line in doc.lines().filter(|line| !line.is_empty()) {
        text.push_str(&format!("\n  {}", line.trim()));
    }
}

#[cfg(test)]
mod tests {
    use super::{super::vocabulary::tests::known, *};

    #[test]
    fn help_names_what_there_is() {
        let known = known();
        assert!(all(&known).ends_with("services: order, payment"));
        assert_eq!(
            of(&known, "payment").unwrap(),
            "payment 1.0\n  Money in.\n    charge {\"order\": integer, \"way\": {\"kind\": \"card\" or \"cash\"}, \
             \"note\" (optional): text or null}\n    list"
        );
        assert!(
            of(&known, "payment.charge")
                .unwrap()
                .ends_with("e.g. payment.charge {\"order\": 0, \"way\": {\"kind\": \"card\"}}")
        );
        assert!(of(&known, "paymnt").unwrap_err().contains("did you mean `payment`?"));
        assert!(of(&known, "payment.x").unwrap_err().contains("payment.charge, payment.list"));
    }
}
