//! Who makes a request, once a credential has shown it; or why it doesn't.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use seam_core::context::Principal;
use seam_core::policy::Quota;

/// A principal, and its text, made once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) principal: Principal,
    /// As calls carry it.
    pub(crate) text: Arc<str>,
    /// How much it may ask for, where its credential says that, in place of what holds for all; `Some(None)`
    /// has no limit.
    pub(crate) rate: Option<Option<Quota>>,
    /// Until when its credential holds, as the time since 1970, where that says so.
    pub(crate) until: Option<Duration>,
}

/// Why a credential doesn't do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It isn't one, or isn't one any more.
    Invalid(Cow<'static, str>),
    /// It is what is left of a session that is over, as far as can be told.
    Over,
    /// It can't be told for now.
    Unavailable(&'static str),
}

impl Known {
    /// Refuses what calls couldn't carry.
    pub(crate) fn new(principal: Principal) -> Result<Self, Refusal> {
        match principal.text() {
            Ok(text) => Ok(Self { principal, text, rate: None, until: None }),
            Err(error) => {
                let subject = &principal.subject;
                let subject: String = subject.chars().take(64).collect();
                tracing::warn!(subject, kind = principal.kind, "a credential is refused: {error}");
                Err(Refusal::Invalid(error.to_string().into()))
            }
        }
    }
}

impl Refusal {
    pub(crate) fn invalid(why: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid(why.into())
    }
}
