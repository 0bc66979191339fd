//! Errors that a service's contract declares.

use std::fmt::{self, Debug, Display};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Codes, ErrorDescriptor};
use crate::codec::{Layout, Message, Shape};
use crate::context;
use crate::outcome::{CallError, InnerError, Unknown};

/// An error that a service may answer with. Implement it with `#[seam::error]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no error of a contract",
    label = "not a service error",
    note = "put `#[seam::error]` on the enum"
)]
pub trait ServiceError: Message + Debug + Display {
    /// The codes that it can have.
    #[doc(hidden)]
    const CODES: Codes = Codes::NONE;

    /// What it can be; not the variant that passes a failed call on.
    fn variants() -> Vec<ErrorDescriptor>;

    /// A stable code in snake case, for machines.
    fn code(&self) -> &'static str;

    /// The HTTP status that the contract declares for it; 422 unless it says otherwise.
    fn status(&self) -> u16;

    /// Whether the contract says that the effect of such a call is unknown.
    fn leaves_unknown(&self) -> bool {
        false
    }

    /// The failed inner call, if that is what this error passes on.
    fn into_inner(self) -> Result<InnerError, Self> {
        Err(self)
    }

    /// The fields of its variant, which stand beside code and status in a problem.
    fn fields(&self) -> ErrorFields {
        fields_of(self)
    }
}

impl<E: ServiceError> From<CallError<E>> for InnerError {
    fn from(error: CallError<E>) -> Self {
        let at = context::last_failed::<E>();
        let (service, method) = at.map_or(("?", "?"), |at| (at.service.name(), at.method));
        Self { service: service.into(), method: method.into(), cause: error.to_string().into() }
    }
}

/// The error of a method that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Never {}

impl Display for Never {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

impl JsonSchema for Never {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Never".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        false.into()
    }
}

#[diagnostic::do_not_recommend]
impl Message for Never {
    const SHAPE: Shape = Shape::leaf(1);
    fn layout(out: &mut Layout) {
        out.text("never");
    }
}

impl ServiceError for Never {
    fn variants() -> Vec<ErrorDescriptor> {
        Vec::new()
    }

    fn code(&self) -> &'static str {
        match *self {}
    }

    fn status(&self) -> u16 {
        match *self {}
    }
}

/// A service error whose type the caller doesn't know: what the edge and the command line see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceFailure {
    /// A stable code in snake case.
    pub code: String,
    /// The HTTP status that the contract declares.
    pub status: u16,
    /// Whether the contract says that the effect is unknown.
    pub unknown: bool,
    /// What went wrong, for people.
    pub detail: String,
    /// The fields of the error's variant.
    pub fields: ErrorFields,
    /// The error itself, as JSON, for who knows its type; where it was asked for.
    #[serde(skip)]
    pub whole: Option<Box<str>>,
}

impl ServiceFailure {
    /// Hides the type of `error`.
    pub fn of<E: ServiceError>(error: &E) -> Self {
        Self {
            code: error.code().to_owned(),
            status: error.status(),
            unknown: error.leaves_unknown(),
            detail: error.to_string(),
            fields: error.fields(),
            whole: None,
        }
    }

    /// The same, and tells the error [whole](Self::whole).
    pub fn whole_of<E: ServiceError>(error: &E) -> Self {
        // What JSON can't say is found to be unreadable by whoever reads it.
        let whole = serde_json::to_string(error).unwrap_or_default();
        Self { whole: Some(whole.into()), ..Self::of(error) }
    }
}

impl CallError<ServiceFailure> {
    /// The same with the service's own error, which was told [whole](ServiceFailure::whole).
    pub fn typed<E: ServiceError>(self) -> CallError<E> {
        match self {
            Self::Service(failure) => {
                let whole = failure.whole.as_deref().unwrap_or_default();
                serde_json::from_str(whole).map_or_else(
                    |error| Unknown::Unreadable { why: error.to_string().into() }.into(),
                    CallError::Service,
                )
            }
            Self::NotExecuted(why) => why.into(),
            Self::Unknown(why) => why.into(),
        }
    }
}

impl Display for ServiceFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.detail, self.code)
    }
}

/// The fields of an error, as JSON.
pub type ErrorFields = Map<String, Value>;

/// The named fields of an enum's variant: `{"declined": {"order": …}}` → `{"order": …}`.
#[doc(hidden)]
pub fn fields_of<E: Serialize>(error: &E) -> ErrorFields {
    let Ok(Value::Object(tagged)) = serde_json::to_value(error) else { return Map::new() };
    match tagged.into_iter().next() {
        Some((_, Value::Object(fields))) => fields,
        _ => Map::new(),
    }
}
