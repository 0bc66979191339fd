//! What calls are counted as, beside how they ended.

/// What becomes of calls beside their outcome, for counting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Happened {
    /// An attempt failed, and another one was made.
    Retry,
    /// It wasn't, for the retry budget was spent.
    RetryDenied,
    /// A fallback answered.
    Fallback,
}

/// Which calls are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Way {
    /// Made here, and over at once here: both sides of a call in one.
    Near,
    /// Made here for a service here, where they waited or ran on: the side of who made them.
    Made,
    /// Made here, and gone elsewhere, or nowhere.
    Far,
    /// Came to run here, or were refused by the service: the side of where they run.
    Served,
}

impl Way {
    pub(super) const ALL: [Self; 4] = [Self::Near, Self::Made, Self::Far, Self::Served];
}
