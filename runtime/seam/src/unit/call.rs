//! A call by names, for who has no types: the command line.

use std::time::Duration;

use seam_core::call::CallOptions;
use seam_core::outcome::{CallError, NotExecuted};
use serde_json::{Value, json};

use super::clients::Routes;

pub(super) async fn call_json(
    routes: &Routes,
    service: &str,
    method: &str,
    arguments: Value,
    deadline: Option<Duration>,
) -> Result<Value, Value> {
    let Some(client) = routes.service(service) else {
        let names = routes.all().iter().map(|client| client.service().name());
        let known = names.collect::<Vec<_>>().join(", ");
        return Err(unknown(format!("no service `{service}`: there are {known}")));
    };
    let Some(found) = client.descriptor().method(method) else {
        let names = client.descriptor().methods.iter().map(|method| method.spec.name);
        let known = names.collect::<Vec<_>>().join(", ");
        return Err(unknown(format!("`{service}` has no method `{method}`: there are {known}")));
    };
    let options = CallOptions { deadline, ..CallOptions::default() };
    match client.call_json(found.spec.index, arguments, options).await {
        Ok(answer) => Ok(serde_json::from_slice(&answer).unwrap_or(Value::Null)),
        Err(CallError::Service(error)) => {
            let outcome = if error.unknown { "unknown" } else { "service" };
            let mut problem = error.fields;
            problem.insert("code".into(), error.code.into());
            problem.insert("outcome".into(), outcome.into());
            problem.insert("detail".into(), error.detail.into());
            Err(Value::Object(problem))
        }
        Err(CallError::NotExecuted(why)) => {
            Err(json!({"code": why.code(), "outcome": "not_executed", "detail": why.to_string()}))
        }
        Err(CallError::Unknown(why)) => {
            Err(json!({"code": why.code(), "outcome": "unknown", "detail": why.to_string()}))
        }
    }
}

fn unknown(detail: String) -> Value {
    json!({"code": NotExecuted::bad_request("").code(), "outcome": "not_executed", "detail": detail})
}
