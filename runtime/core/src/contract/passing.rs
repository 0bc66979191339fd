//! What a `?` takes in a handler: the conversions of errors that `#[seam::error]` writes, and what is
//! said where one is missing.

use std::any::Any;

use super::ErrorDescriptor;
use crate::outcome::CallError;

/// Says that a `?` turns a failed call into this error. Written by `#[seam::error]`, for errors with
/// an `#[error(inner)]` variant.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't pass a failed call on: it has no variant for one",
    label = "add `#[error(inner)] Inner(InnerError)` to `{Self}`",
    note = "add `#[error(inner)] Inner(InnerError)` to `{Self}`; and `#[error(from)] Name(TheirError)` \
            for a callee's error that goes on with its own code and status"
)]
pub trait PassesCalls<'a> {}

/// Says that a `?` turns the store's errors into this one. Written by `#[seam::error]`, for errors
/// with an `#[error(store)]` variant.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` doesn't take the store's errors: it has no variant for them",
    label = "add `#[error(store)] Store(StoreFailure)` to `{Self}`",
    note = "add `#[error(store)] Store(StoreFailure)` to `{Self}`"
)]
pub trait TakesStoreErrors<'a> {}

/// Stable codes of an error: its own, and those of the errors that it passes on.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Codes {
    /// The error's path, by which it is known again where it comes in two ways.
    pub of: &'static str,
    /// Its own.
    pub own: &'static [&'static str],
    /// Those of the errors that it passes on.
    pub passed_on: &'static [Self],
}

impl Codes {
    /// None that anybody could mistake for another.
    pub const NONE: Self = Self { of: "", own: &[], passed_on: &[] };

    /// Whether this code is one of them.
    pub const fn has(&self, code: &str) -> bool {
        self.has_beside(code, None)
    }

    /// Whether the two have a code in common that isn't the same error's: one that both pass on is
    /// the same whichever way it comes.
    pub const fn meets(&self, other: &Self) -> bool {
        let mut at = 0;
        while at < self.own.len() {
            if other.has_beside(self.own[at], Some(self.of)) {
                return true;
            }
            at += 1;
        }
        at = 0;
        while at < self.passed_on.len() {
            if self.passed_on[at].meets(other) {
                return true;
            }
            at += 1;
        }
        false
    }

    /// Whether this code is one of them, apart from those of the error of that path.
    const fn has_beside(&self, code: &str, but: Option<&str>) -> bool {
        let of_that = match but {
            Some(but) => same(self.of, but),
            None => false,
        };
        let mut at = 0;
        while !of_that && at < self.own.len() {
            if same(self.own[at], code) {
                return true;
            }
            at += 1;
        }
        at = 0;
        while at < self.passed_on.len() {
            if self.passed_on[at].has_beside(code, but) {
                return true;
            }
            at += 1;
        }
        false
    }
}

/// Each code once: what comes in several ways is listed as it came first. Used by generated code.
#[doc(hidden)]
pub fn once_each(variants: Vec<ErrorDescriptor>) -> Vec<ErrorDescriptor> {
    let mut each: Vec<ErrorDescriptor> = Vec::with_capacity(variants.len());
    for variant in variants {
        if each.iter().all(|other| other.code != variant.code) {
            each.push(variant);
        }
    }
    each
}

const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut at = 0;
    while at < one.len() {
        if one[at] != other[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// The service error of a failed call, if that is a `T`; else what it was. Used by generated code.
#[doc(hidden)]
pub fn service_error_of<T: 'static, E: 'static>(error: CallError<E>) -> Result<T, CallError<E>> {
    let CallError::Service(error) = error else { return Err(error) };
    let mut held = Some(error);
    let found = (&mut held as &mut dyn Any).downcast_mut::<Option<T>>().and_then(Option::take);
    match (found, held) {
        (Some(found), _) => Ok(found),
        (None, Some(error)) => Err(CallError::Service(error)),
        // One of the two is there: what was held was taken only as what was found.
        (None, None) => unreachable!("an error that was held is gone"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::NotExecuted;

    #[test]
    fn codes_meet_however_deep_they_are() {
        const DEEP: Codes = Codes { of: "deep", own: &["c"], passed_on: &[] };
        const ONE: Codes = Codes { of: "one", own: &["a", "b"], passed_on: &[DEEP] };
        const OTHER: Codes = Codes { of: "other", own: &["d"], passed_on: &[] };
        const SAME: Codes = Codes { of: "same", own: &["c"], passed_on: &[] };
        assert!(ONE.has("c") && !ONE.has("d"));
        assert!(ONE.meets(&SAME) && SAME.meets(&ONE) && !ONE.meets(&OTHER));
        assert!(!ONE.meets(&DEEP) && !DEEP.meets(&ONE), "one error by two ways is no other");
    }

    #[test]
    fn only_a_service_error_of_that_type_is_taken_out() {
        assert_eq!(service_error_of::<u8, u8>(CallError::Service(1)), Ok(1));
        assert_eq!(service_error_of::<u8, u16>(CallError::Service(1)), Err(CallError::Service(1)));
        let other = CallError::<u8>::NotExecuted(NotExecuted::DeadlineExceeded);
        assert_eq!(service_error_of::<u8, u8>(other.clone()), Err(other));
    }
}
