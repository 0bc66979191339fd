//! A call by names, for who has no types: the command line.

use std::sync::Arc;
use std::time::Duration;

use seam_core::call::CallOptions;
use seam_core::context::{CallContext, TraceContext};
use seam_core::name::{Caller, ServiceId};
use seam_core::outcome::{CallError, NotExecuted, Unknown};
use serde_json::Value;
use serde_json::value::RawValue;

use super::clients::Routes;

/// Calls `service.method` with the text of its arguments, which passes as it is: a number in it
/// isn't rounded, and a name that comes twice is seen. A failure is the problem that the edge would
/// answer with.
pub(super) async fn call_json(
    routes: &Routes,
    (service, method, arguments): (&str, &str, &str),
    deadline: Option<Duration>,
    (caller, trace): (Caller, Option<TraceContext>),
) -> Result<Box<RawValue>, Value> {
    let errors = routes.errors().get();
    let mut context = CallContext::root();
    if let Some(trace) = trace {
        context.trace = trace;
    }
    // Who calls by hand wants to see what came of it.
    context.trace.sampled |= caller == Caller::Operator;
    let request_id = context.trace.trace.to_string();
    let refused = |id: Option<ServiceId>, why: String| {
        let why = CallError::NotExecuted(NotExecuted::bad_request(why));
        id.map_or_else(
            || Value::Null,
            |id| seam_gateway::problem(why, id.name(), &request_id, &errors),
        )
    };
    let Some(client) = routes.any(service) else {
        let all = routes.all();
        let names = all.iter().map(|client| client.service().name());
        let known = names.collect::<Vec<_>>().join(", ");
        let any = all.first().map(|client| client.service());
        return Err(refused(any, format!("no service `{service}`: there are {known}")));
    };
    let client = client.for_caller(caller);
    let id = client.service();
    let Some(found) = client.descriptor().method(method) else {
        let names = client.descriptor().methods.iter().map(|method| method.name.as_str());
        let known = names.collect::<Vec<_>>().join(", ");
        return Err(refused(Some(id), format!("`{service}` has no `{method}`: it has {known}")));
    };
    let context = Some(Arc::new(context));
    let options = CallOptions { deadline, context, ..CallOptions::default() };
    let answer = client.call_json(found.index, arguments.as_bytes(), options).await;
    let problem = |error| seam_gateway::problem(error, id.name(), &request_id, &errors);
    match answer {
        Ok(answer) => serde_json::from_slice(&answer.into_json()).map_err(|error| {
            let why = error.to_string().into();
            problem(CallError::Unknown(Unknown::Unreadable { why }))
        }),
        Err(error) => Err(problem(error)),
    }
}
