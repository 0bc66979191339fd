//! What is answered: the result as JSON, or with the property `type` = `error` the object `{"code",
//! "message", "status"}`.
//!
//! A service error has its fields beside those, and whole as `error`; to a call of the app's own a
//! failure that isn't the service's has its parts as `failure`, so that it is told as on any other way.

use std::time::Duration;

use seam_core::contract::Never;
use seam_core::outcome::{CallError, Failure, FailureParts, Unknown};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What is said of a failure further on, to who isn't of the app.
const INNER: &str = "something that the service needs has failed";

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Parts {
    code: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(default)]
    texts: Vec<String>,
}

#[derive(Deserialize)]
struct Told {
    failure: Option<Parts>,
}

/// An error of the runtime, for a caller of the app's own or not.
pub(super) fn failure(failure: &Failure, own: bool) -> Vec<u8> {
    let error = CallError::<Never>::from(failure.clone());
    let (code, message) = match failure {
        Failure::NotExecuted(why) => (why.code(), error.to_string()),
        Failure::Unknown(Unknown::Inner(_)) if !own => {
            (Unknown::Inner(nobody()).code(), INNER.into())
        }
        Failure::Unknown(why) => (why.code(), error.to_string()),
    };
    let mut object = json!({
        "code": code.as_str(),
        "message": message,
        "status": code.status(),
    });
    if own {
        let FailureParts { code, retry_after, texts } = failure.to_parts();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let parts = Parts { code, retry_after_ms: retry_after.map(millis), texts };
        object["failure"] = json!(parts);
    }
    bytes(&object)
}

/// A method that isn't there.
pub(super) fn no_method(module: &str, method: &str) -> Vec<u8> {
    let message = format!("`{module}` has no method `{method}`");
    bytes(&json!({ "code": "not_found", "message": message, "status": 404 }))
}

/// The failure that an error tells, if it is one of the runtime.
pub(super) fn read_failure(body: &[u8]) -> Option<Failure> {
    let Parts { code, retry_after_ms, texts } =
        serde_json::from_slice::<Told>(body).ok()?.failure?;
    let retry_after = retry_after_ms.map(Duration::from_millis);
    Some(Failure::from_parts(FailureParts { code, retry_after, texts }))
}

fn nobody() -> seam_core::outcome::InnerError {
    let nothing = || Box::from("");
    seam_core::outcome::InnerError { service: nothing(), method: nothing(), cause: nothing() }
}

fn bytes(value: &Value) -> Vec<u8> {
    // What has only texts for keys is always JSON.
    serde_json::to_vec(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use seam_core::outcome::{InnerError, NotExecuted};

    use super::*;

    #[test]
    fn the_app_is_told_a_failure_as_on_any_other_way() {
        let after = Duration::from_millis(250);
        for told in [
            Failure::from(NotExecuted::Overloaded { retry_after: after }),
            NotExecuted::unavailable("gone").into(),
            Unknown::Panicked.into(),
        ] {
            assert_eq!(read_failure(&failure(&told, true)), Some(told.clone()));
            assert_eq!(read_failure(&failure(&told, false)), None);
        }
        assert_eq!(read_failure(br#"{"code": "x"}"#), None);
    }

    #[test]
    fn others_are_not_told_what_is_behind_it() {
        let inner = InnerError { service: "db".into(), method: "m".into(), cause: "secret".into() };
        let told = failure(&Unknown::Inner(inner).into(), false);
        let told: Value = serde_json::from_slice(&told).unwrap();
        assert_eq!(told, json!({ "code": "inner", "message": INNER, "status": 503 }));
    }
}
