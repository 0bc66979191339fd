//! Modules that no contract of the app has: what the form gateway asks of whoever reaches them.

use std::time::Duration;

use futures_util::future::BoxFuture;
use seam_core::context::TraceContext;
use seam_core::contract::ServiceFailure;
use seam_core::outcome::CallError;
use serde_json::{Map, Value};

/// The version of a module that is asked for by nobody's name.
pub(crate) const FIRST: &str = "1.0";
/// The longest name of a module or a version, in bytes.
const LONGEST: usize = 100;

/// The way to modules that workers elsewhere serve.
pub trait Modules: Send + Sync + 'static {
    /// Asks one.
    fn ask(&self, asked: AskedModule) -> BoxFuture<'static, Result<Vec<u8>, ModuleError>>;
}

/// A request of a form, as it was sent.
#[derive(Debug, Clone)]
pub struct AskedModule {
    /// `module`.
    pub module: String,
    /// `version`; `1.0` if there is none.
    pub version: String,
    /// `method`.
    pub method: String,
    /// `bizContent`.
    pub biz_content: String,
    /// For how long the answer is of use.
    pub wait: Duration,
    /// What the request travels under.
    pub trace: TraceContext,
}

/// Why a module doesn't answer with a result.
#[derive(Debug, Clone)]
pub enum ModuleError {
    /// Nobody serves it.
    NoModule,
    /// What became of the call; a worker's error is a service's.
    Failed(CallError<ServiceFailure>),
}

/// An error of a worker: `{"code", "message", "status"}`, and whatever stands beside these.
pub fn module_failure(json: &[u8]) -> ServiceFailure {
    let mut told: Map<String, Value> = serde_json::from_slice(json).unwrap_or_default();
    let mut text = |name: &str, otherwise: &str| match told.remove(name) {
        Some(Value::String(text)) => text,
        _ => otherwise.to_owned(),
    };
    let (code, detail) = (text("code", "failed"), text("message", "the worker says no more"));
    let status = told.remove("status").and_then(|status| status.as_u64());
    let status = status.filter(|status| (400..600).contains(status));
    ServiceFailure {
        code,
        status: status.and_then(|status| u16::try_from(status).ok()).unwrap_or(422),
        detail,
        fields: told,
        unknown: false,
        whole: None,
    }
}

/// Whether a text can be a part of a queue's name.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
