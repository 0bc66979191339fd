//! A failure taken apart for the wire: a code, a time and some texts, each with a cap.

use std::time::Duration;

use super::{InnerError, NotExecuted, Unknown};

/// Texts of a failure are cut to this many bytes on the way out.
const MAX_TEXT: usize = 256;
/// No path of a cycle is longer than the hop limit and one.
const MAX_TEXTS: usize = 33;

/// A failure that the runtime reports, as against an error of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It did not run.
    NotExecuted(NotExecuted),
    /// It may have run.
    Unknown(Unknown),
}

impl From<NotExecuted> for Failure {
    fn from(why: NotExecuted) -> Self {
        Self::NotExecuted(why)
    }
}

impl From<Unknown> for Failure {
    fn from(why: Unknown) -> Self {
        Self::Unknown(why)
    }
}

/// A [`Failure`] as it crosses the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureParts {
    /// Which failure: below 128 not executed, from 128 on unknown. The values are part of the
    /// protocol and never change their meaning.
    pub code: u8,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The failure's texts, in the order of its fields; at most 33 of at most 256 bytes.
    pub texts: Vec<String>,
}

mod code {
    pub(super) const OVERLOADED: u8 = 1;
    pub(super) const UNAVAILABLE: u8 = 2;
    pub(super) const BREAKER_OPEN: u8 = 3;
    pub(super) const DEADLINE: u8 = 4;
    pub(super) const INCOMPATIBLE: u8 = 5;
    pub(super) const DENIED: u8 = 6;
    pub(super) const BAD_REQUEST: u8 = 7;
    pub(super) const CYCLE: u8 = 8;
    pub(super) const CONNECTION_LOST: u8 = 128;
    pub(super) const DEADLINE_RUNNING: u8 = 129;
    pub(super) const PANICKED: u8 = 130;
    pub(super) const ABANDONED: u8 = 131;
    pub(super) const INNER: u8 = 132;
    pub(super) const UNREADABLE: u8 = 133;
    /// The first code that means unknown: a code from a newer peer keeps at least that.
    pub(super) const FIRST_UNKNOWN: u8 = 128;
}

impl Failure {
    /// Takes the failure apart.
    pub fn to_parts(&self) -> FailureParts {
        let bare = |code| FailureParts { code, retry_after: None, texts: Vec::new() };
        let text = |code, text: &str| FailureParts { texts: vec![cut(text)], ..bare(code) };
        let after = |code, after| FailureParts { retry_after: Some(after), ..bare(code) };
        match self {
            Self::NotExecuted(why) => match why {
                NotExecuted::Overloaded { retry_after } => after(code::OVERLOADED, *retry_after),
                NotExecuted::Unavailable { reason } => text(code::UNAVAILABLE, reason),
                NotExecuted::BreakerOpen { retry_after } => after(code::BREAKER_OPEN, *retry_after),
                NotExecuted::DeadlineExceeded => bare(code::DEADLINE),
                NotExecuted::Incompatible { what } => text(code::INCOMPATIBLE, what),
                NotExecuted::Denied { why } => text(code::DENIED, why),
                NotExecuted::BadRequest { why } => text(code::BAD_REQUEST, why),
                NotExecuted::Cycle { path } => FailureParts {
                    texts: path.iter().take(MAX_TEXTS).map(|name| cut(name)).collect(),
                    ..bare(code::CYCLE)
                },
            },
            Self::Unknown(why) => match why {
                Unknown::ConnectionLost { reason } => text(code::CONNECTION_LOST, reason),
                Unknown::DeadlineExceeded => bare(code::DEADLINE_RUNNING),
                Unknown::Panicked => bare(code::PANICKED),
                Unknown::Abandoned => bare(code::ABANDONED),
                Unknown::Unreadable { why } => text(code::UNREADABLE, why),
                Unknown::Inner(inner) => FailureParts {
                    texts: vec![cut(&inner.service), cut(&inner.method), cut(&inner.cause)],
                    ..bare(code::INNER)
                },
            },
        }
    }

    /// Puts a failure together again. A code that this build doesn't know keeps what its range
    /// says: not executed, or unknown.
    pub fn from_parts(parts: FailureParts) -> Self {
        let retry_after = parts.retry_after.unwrap_or_default();
        let mut texts = parts.texts.into_iter().take(MAX_TEXTS).map(String::into_boxed_str);
        let mut next = || texts.next().unwrap_or_default();
        match parts.code {
            code::OVERLOADED => NotExecuted::Overloaded { retry_after }.into(),
            code::UNAVAILABLE => NotExecuted::Unavailable { reason: next() }.into(),
            code::BREAKER_OPEN => NotExecuted::BreakerOpen { retry_after }.into(),
            code::DEADLINE => NotExecuted::DeadlineExceeded.into(),
            code::INCOMPATIBLE => NotExecuted::Incompatible { what: next() }.into(),
            code::DENIED => NotExecuted::Denied { why: next() }.into(),
            code::BAD_REQUEST => NotExecuted::BadRequest { why: next() }.into(),
            code::CYCLE => NotExecuted::Cycle { path: texts.collect() }.into(),
            code::CONNECTION_LOST => Unknown::ConnectionLost { reason: next() }.into(),
            code::DEADLINE_RUNNING => Unknown::DeadlineExceeded.into(),
            code::PANICKED => Unknown::Panicked.into(),
            code::ABANDONED => Unknown::Abandoned.into(),
            code::UNREADABLE => Unknown::Unreadable { why: next() }.into(),
            code::INNER => {
                let (service, method, cause) = (next(), next(), next());
                Unknown::Inner(InnerError { service, method, cause }).into()
            }
            other if other < code::FIRST_UNKNOWN => {
                NotExecuted::unavailable(format!("refused by the callee with code {other}")).into()
            }
            other => {
                let reason = format!("the callee reported an unknown outcome, code {other}").into();
                Unknown::ConnectionLost { reason }.into()
            }
        }
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(MAX_TEXT)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_survives_the_wire() {
        let after = Duration::from_millis(250);
        let inner =
            InnerError { service: "payment".into(), method: "charge".into(), cause: "away".into() };
        let failures: Vec<Failure> = vec![
            NotExecuted::Overloaded { retry_after: after }.into(),
            NotExecuted::unavailable("gone").into(),
            NotExecuted::BreakerOpen { retry_after: after }.into(),
            NotExecuted::DeadlineExceeded.into(),
            NotExecuted::Incompatible { what: "charge".into() }.into(),
            NotExecuted::Denied { why: "no".into() }.into(),
            NotExecuted::bad_request("what?").into(),
            NotExecuted::Cycle { path: ["a".into(), "b".into(), "a".into()].into() }.into(),
            Unknown::ConnectionLost { reason: "reset".into() }.into(),
            Unknown::DeadlineExceeded.into(),
            Unknown::Panicked.into(),
            Unknown::Abandoned.into(),
            Unknown::Unreadable { why: "too large".into() }.into(),
            Unknown::Inner(inner).into(),
        ];
        for failure in failures {
            assert_eq!(Failure::from_parts(failure.to_parts()), failure);
        }
    }

    #[test]
    fn a_code_from_the_future_keeps_its_half_of_the_truth() {
        let parts = |code| FailureParts { code, retry_after: None, texts: vec![] };
        assert!(matches!(Failure::from_parts(parts(99)), Failure::NotExecuted(_)));
        assert!(matches!(Failure::from_parts(parts(250)), Failure::Unknown(_)));
    }

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let failure: Failure = NotExecuted::unavailable("é".repeat(400)).into();
        assert!(failure.to_parts().texts[0].len() <= MAX_TEXT);
    }
}
