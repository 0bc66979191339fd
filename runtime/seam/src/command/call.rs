//! `call`: a method of the running app, from the command line.

use std::time::Duration;

use serde_json::Value as Json;

use super::{
    Failure,
    args::CallArgs,
    control::{Request, ask, connect},
    status::{NOTHING_RUNS, closed},
};
use crate::config::Config;

/// How long to wait for an answer beyond the call's own deadline.
const MARGIN: Duration = Duration::from_secs(5);
/// How long to wait if the method's own deadline holds, which isn't known here.
const LONG: Duration = Duration::from_secs(120);

/// Calls, by the unit that hosts the service if it runs, or else by any that does.
pub(super) async fn call(config: &Config, args: CallArgs) -> Result<String, Failure> {
    let (service, method) = args.method;
    if config.service(&service).is_none() {
        let known = config.services.iter().map(|service| service.name.as_str());
        let fix = crate::config::nearest(&service, known);
        return Err(Failure::usage(format!("there is no service `{service}`\n  fix: {fix}")));
    }
    let mut units: Vec<_> = config.units.iter().collect();
    units.sort_by_key(|unit| !unit.services.contains(&service));
    let deadline_ms = args.deadline.map(|deadline| deadline.as_millis() as u64);
    let request = Request::Call { service, method, args: args.args, deadline_ms };
    let patience = args.deadline.map_or(LONG, |deadline| deadline + MARGIN);
    for unit in units {
        let name = &unit.name;
        let stream = connect(&config.app.data, name).await;
        if let Some(stream) = stream.map_err(|error| closed(name, &error))? {
            return match ask(stream, &request, patience).await {
                Ok(Ok(result)) => Ok(format!("{result:#}")),
                Ok(Err(problem)) => Err(Failure::other(match args.json {
                    true => format!("{problem:#}"),
                    false => in_words(&problem),
                })),
                Err(error) => Err(Failure::other(format!(
                    "unit `{name}` took the call and gave no answer: {error}\n  \
                     fix: the call may have run: look before you repeat it"
                ))),
            };
        }
    }
    let app = &config.app.name;
    Err(Failure::other(format!("{NOTHING_RUNS}: start it with `{app} run`")))
}

/// A problem in one line, and what more it says below.
fn in_words(problem: &Json) -> String {
    let Some(fields) = problem.as_object() else { return problem.to_string() };
    let text = |key: &str| fields.get(key).and_then(Json::as_str);
    let mut words = text("code").or(text("title")).unwrap_or("failed").to_owned();
    if let Some(outcome) = text("outcome") {
        words += &format!(" ({})", outcome.replace('_', " "));
    }
    if let Some(detail) = text("detail") {
        words += &format!(": {detail}");
    }
    for (key, value) in fields {
        if !["code", "outcome", "detail", "title", "type", "status"].contains(&key.as_str()) {
            words += &format!("\n  {key}: {value}");
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn problems_in_words() {
        let problem = json!({
            "type": "about:blank",
            "status": 503,
            "code": "overloaded",
            "outcome": "not_executed",
            "detail": "the mailbox is full",
            "requestId": "7",
        });
        let expected = "overloaded (not executed): the mailbox is full\n  requestId: \"7\"";
        assert_eq!(in_words(&problem), expected);
        assert_eq!(in_words(&json!("no")), "\"no\"");
    }
}
