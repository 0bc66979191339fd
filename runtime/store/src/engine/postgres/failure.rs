//! What the database's refusals and silences mean to a store.

use std::{error::Error as _, time::Duration};

use tokio_postgres::{
    Error,
    error::{Severity, SqlState},
};

use crate::{OpenError, StoreError};

/// Why something that was asked of the database wasn't done, or may not have been.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    /// The connection is of no use any more, and what became of the last statement isn't known.
    pub(super) broken: bool,
}

impl Failure {
    /// The connection said nothing for so long.
    pub(super) fn silence(limit: Duration) -> Self {
        let cause = format!("no answer within {} s", limit.as_secs());
        Self { error: StoreError::Away { cause }, broken: true }
    }

    /// The database is there, and won't do it.
    pub(super) const fn refused(cause: String) -> Self {
        Self { error: StoreError::Away { cause }, broken: false }
    }

    /// In the words of an opening that failed.
    pub(super) fn at_open(self, database: &dyn std::fmt::Display) -> OpenError {
        let database = database.to_string();
        match self.error {
            StoreError::Away { cause } if self.broken => OpenError::Away { database, cause },
            StoreError::Away { cause }
            | StoreError::Full { cause }
            | StoreError::Disk { cause }
            | StoreError::Corrupt { cause } => OpenError::Refused { database, cause },
            other => OpenError::Refused { database, cause: other.to_string() },
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let cause = words(&error);
        let Some(database) = error.as_db_error() else {
            return Self { error: StoreError::Away { cause }, broken: true };
        };
        let code = database.code();
        let ended = code.code().starts_with("57P") || code.code().starts_with("08");
        let severe =
            matches!(database.parsed_severity(), None | Some(Severity::Fatal | Severity::Panic));
        let error = match code.code().get(..2) {
            // Connections are a shortage too, of which nobody can free some here.
            Some("53") if *code != SqlState::TOO_MANY_CONNECTIONS => StoreError::Full { cause },
            Some("58") => StoreError::Disk { cause },
            Some("XX") if *code != SqlState::INTERNAL_ERROR => StoreError::Corrupt { cause },
            _ => StoreError::Away { cause },
        };
        Self { error, broken: ended || severe }
    }
}

/// An error with its causes, which tokio-postgres leaves out.
pub(super) fn words(error: &Error) -> String {
    if let Some(database) = error.as_db_error() {
        return format!("{} ({})", database.message(), database.code().code());
    }
    let mut words = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        words = format!("{words}: {cause}");
        source = cause.source();
    }
    words
}
