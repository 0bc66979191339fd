//! A request as it lies in a queue: `{"method", "bizContent"}`, where the latter is the JSON text of the
//! arguments, as clients of form gateways send it.
//!
//! What travels with a call of the app's own is in headers. They are believed only from who proves by
//! the property `user_id`, which the broker checks, that it is the app.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use seam_core::context::{CallContext, Chain, TraceContext};
use seam_core::name::ServiceId;
use seam_core::remote::Caller;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

const CALLER: &str = "seam-caller";
const CHAIN: &str = "seam-chain";
const PRINCIPAL: &str = "seam-principal";
const NO_RETRY: &str = "seam-no-retry";
const TRACE: &str = "traceparent";
/// A principal's longest text, in bytes.
const LONGEST: usize = 2_048;
/// Names of callers that are no services: no service is called so.
const EDGE: &str = "@edge";
const PROGRAM: &str = "@program";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    biz_content: Option<&'a RawValue>,
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    /// The method's name, without a prefix: `User.Get` → `Get`.
    pub(super) method: String,
    /// The JSON text of its arguments.
    pub(super) arguments: Vec<u8>,
}

/// The body of a request.
pub(super) fn body(method: &str, arguments: &str) -> Vec<u8> {
    // Texts are always JSON.
    serde_json::to_vec(&serde_json::json!({ "method": method, "bizContent": arguments }))
        .unwrap_or_default()
}

/// Reads a request's body.
///
/// # Errors
/// What is wrong with it, for people.
pub(super) fn read(body: &[u8]) -> Result<Asked, String> {
    let wrong = |error: serde_json::Error| {
        format!("a request is `{{\"method\", \"bizContent\"}}`: {error}")
    };
    let Body { method, biz_content } = serde_json::from_slice(body).map_err(wrong)?;
    let method = method.rsplit('.').next().unwrap_or_default().to_owned();
    let text = biz_content.map_or("", RawValue::get);
    // The arguments themselves, or their text.
    let arguments = match text.starts_with('"') {
        true => serde_json::from_str::<String>(text).map_err(wrong)?,
        false => text.to_owned(),
    };
    let nothing = matches!(arguments.trim(), "" | "null");
    Ok(Asked { method, arguments: if nothing { b"{}".into() } else { arguments.into_bytes() } })
}

/// What goes with a request that is of use for so long.
pub(super) fn properties(wait: Duration, trace: &TraceContext) -> BasicProperties {
    let mut headers = FieldTable::default();
    headers.insert(TRACE.into(), text(&trace.to_traceparent()));
    BasicProperties::default()
        .with_content_type("application/json".into())
        .with_expiration(wait.as_millis().max(1).to_string().into())
        .with_headers(headers)
}

/// The same of a call of the app's own.
pub(super) fn own(
    properties: BasicProperties,
    user: &str,
    caller: Caller,
    context: &CallContext,
) -> BasicProperties {
    let mut headers = properties.headers().clone().unwrap_or_default();
    let caller = match caller {
        Caller::Service(service) => service.name(),
        Caller::Edge => EDGE,
        Caller::Program | Caller::Operator => PROGRAM,
    };
    headers.insert(CALLER.into(), text(caller));
    let chain: Vec<_> = context.chain.iter().map(ServiceId::name).collect();
    headers.insert(CHAIN.into(), text(&chain.join(",")));
    if let Some(principal) = &context.principal {
        headers.insert(PRINCIPAL.into(), text(principal));
    }
    headers.insert(NO_RETRY.into(), AMQPValue::Boolean(context.no_retry));
    properties.with_headers(headers).with_user_id(user.into())
}

/// Who makes a request, and what travels with it; `None` for the caller if it isn't the app.
pub(super) fn context(properties: &BasicProperties, user: &str) -> (Option<Caller>, CallContext) {
    let mut context = CallContext::root();
    let headers = properties.headers().clone().unwrap_or_default();
    let read = |name: &str| match headers.inner().get(name) {
        Some(AMQPValue::LongString(text)) => std::str::from_utf8(text.as_bytes()).ok(),
        _ => None,
    };
    if let Some(trace) = read(TRACE).and_then(TraceContext::from_traceparent) {
        context.trace = trace;
    }
    let is_own = properties.user_id().as_ref().is_some_and(|id| id.as_str() == user);
    let Some(caller) = read(CALLER).filter(|_| is_own) else { return (None, context) };
    let caller = match caller {
        EDGE => Caller::Edge,
        PROGRAM => Caller::Program,
        service => match ServiceId::known(service) {
            Some(service) => Caller::Service(service),
            None => return (None, context),
        },
    };
    let mut chain = Chain::default();
    let waiting = read(CHAIN).unwrap_or_default().split(',').filter_map(ServiceId::known);
    waiting.for_each(|service| {
        let _ = chain.push(service);
    });
    context.chain = chain;
    context.principal = read(PRINCIPAL).filter(|text| text.len() <= LONGEST).map(Arc::from);
    context.no_retry = matches!(headers.inner().get(NO_RETRY), Some(AMQPValue::Boolean(true)));
    (Some(caller), context)
}

/// For how long a request's answer is of use.
pub(super) fn wait(properties: &BasicProperties) -> Option<Duration> {
    let millis = properties.expiration().as_ref().map(ShortString::as_str)?;
    millis.parse().ok().map(Duration::from_millis)
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &str) -> Asked {
        read(body.as_bytes()).unwrap()
    }

    #[test]
    fn arguments_are_a_text_or_an_object() {
        let expected = Asked { method: "Get".into(), arguments: br#"{"id": 1}"#.into() };
        assert_eq!(asked(r#"{"method": "User.Get", "bizContent": "{\"id\": 1}"}"#), expected);
        assert_eq!(asked(r#"{"method": "Get", "bizContent": {"id": 1}, "x": 1}"#), expected);
        assert_eq!(read(&body("Get", r#"{"id": 1}"#)).unwrap(), expected);
        for nothing in ["", r#", "bizContent": null"#, r#", "bizContent": """#] {
            assert_eq!(asked(&format!(r#"{{"method": "Get"{nothing}}}"#)).arguments, b"{}");
        }
        for wrong in ["", "[]", "{}", r#"{"method": 1}"#] {
            assert!(read(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_the_app_says_who_calls() {
        let mut context = CallContext::root().child();
        let order = ServiceId::of("order").unwrap();
        assert!(context.chain.push(order));
        context.principal = Some("ada".into());
        let plain = properties(Duration::from_secs(2), &context.trace);
        assert_eq!(wait(&plain), Some(Duration::from_secs(2)));
        let own = own(plain, "shop", Caller::Service(order), &context);
        let (caller, read) = super::context(&own, "shop");
        assert_eq!(caller, Some(Caller::Service(order)));
        assert_eq!((read.chain, read.principal), (context.chain, context.principal));
        assert_eq!(read.trace.trace, context.trace.trace);

        let (caller, read) = super::context(&own.with_user_id("worker".into()), "shop");
        assert_eq!((caller, read.principal), (None, None));
        assert_eq!(read.chain.len(), 0);
    }
}
