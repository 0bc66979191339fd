//! What of a config is to be taken.

use std::path::Path;

use crate::config::{Kept, Problems, Source, now};

/// What is read anew; all else is as it was accepted.
#[derive(Debug)]
pub(in crate::command) enum Wanted {
    /// All of it, as `up` gives it.
    All(Source),
    /// The files.
    Files(Source),
    /// What is set, as it is kept now.
    Settings,
}

impl Wanted {
    /// All of it, beside what was accepted.
    ///
    /// # Errors
    /// What is kept can't be read.
    pub(in crate::command) fn beside(
        self,
        accepted: &Source,
        data: &Path,
    ) -> Result<Source, Problems> {
        Ok(match self {
            Self::All(source) => source,
            Self::Files(source) => Source { set: accepted.set.clone(), ..source },
            Self::Settings => Source { set: Kept::new(data).holding(now())?, ..accepted.clone() },
        })
    }
}
