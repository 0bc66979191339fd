//! What callers learn of a store that failed.

use std::fmt::{self, Display};

use seam_core::contract::{ErrorDescriptor, ErrorFields, ServiceError};
use seam_store::StoreError;

/// What a service's store failed with, as its callers learn it: which error it was, and whether the
/// write may have been done all the same. A variant marked `#[error(store)]` holds one, and takes
/// [`StoreError`] and [`TransactionError`](seam_store::TransactionError) with a `?`.
///
/// Its code is the store's, `store_full` say. The status is 503 for what passes, a full disk or a
/// database that is away, and 500 for all else. Why the store failed goes to the service's log.
#[seam::message]
#[derive(Eq)]
pub struct StoreFailure {
    code: String,
    unknown: bool,
}

/// Stands for a code that this build doesn't know.
const OTHER: &str = "store_failed";
const FULL: &str = "store_full";
const AWAY: &str = "store_away";
const UNKNOWN: &str = "store_unknown";

impl StoreFailure {
    /// Whether the write may have been done all the same; if not, there was no effect.
    pub const fn is_unknown(&self) -> bool {
        self.unknown
    }
}

impl From<StoreError> for StoreFailure {
    fn from(error: StoreError) -> Self {
        if error.is_shortage() {
            tracing::warn!(%error, "the store can't do it now");
        } else {
            tracing::error!(%error, "the store failed");
        }
        Self { code: error.code().to_owned(), unknown: error.is_unknown() }
    }
}

impl ServiceError for StoreFailure {
    // `CODES` has none of them: they mean the same whoever passes them on.
    fn variants() -> Vec<ErrorDescriptor> {
        let variant = |code: &&str| {
            let failure = Self { code: (*code).to_owned(), unknown: *code == UNKNOWN };
            ErrorDescriptor {
                code: failure.code().to_owned(),
                status: failure.status(),
                unknown: failure.unknown,
                doc: failure.to_string(),
                fields: Vec::new(),
            }
        };
        StoreError::CODES.iter().map(variant).collect()
    }

    fn code(&self) -> &'static str {
        StoreError::CODES.iter().find(|code| **code == self.code).copied().unwrap_or(OTHER)
    }

    fn status(&self) -> u16 {
        if matches!(self.code.as_str(), FULL | AWAY) { 503 } else { 500 }
    }

    fn leaves_unknown(&self) -> bool {
        self.unknown
    }

    fn fields(&self) -> ErrorFields {
        ErrorFields::new()
    }
}

impl Display for StoreFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match (self.unknown, self.code.as_str()) {
            (true, _) => "whether the service's store has written this isn't known",
            (false, AWAY) => "the service's database is away; nothing was done",
            (false, FULL) => "the service's store has no room to write; reads go on",
            (false, _) => "the service's store failed; its log says why",
        })
    }
}

impl std::error::Error for StoreFailure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(error: StoreError) -> (&'static str, u16, bool) {
        let failure = StoreFailure::from(error);
        (failure.code(), failure.status(), failure.leaves_unknown())
    }

    #[test]
    fn a_shortage_passes_and_only_a_lost_commit_is_unknown() {
        let cause = || String::from("no space left");
        assert_eq!(failure(StoreError::Full { cause: cause() }), ("store_full", 503, false));
        assert_eq!(failure(StoreError::Away { cause: cause() }), ("store_away", 503, false));
        assert_eq!(failure(StoreError::Unknown { cause: cause() }), ("store_unknown", 500, true));
        assert_eq!(failure(StoreError::Closed), ("store_closed", 500, false));
    }

    #[test]
    fn every_code_is_listed() {
        let variants = StoreFailure::variants();
        assert!(variants.iter().all(|v| v.code != OTHER && v.code.starts_with("store_")));
        let full = variants.iter().find(|v| v.code == FULL).unwrap();
        assert_eq!((full.status, full.unknown), (503, false));
        assert!(variants.iter().any(|v| v.code == UNKNOWN && v.unknown));
    }
}
