//! Who acts on a config, and how.

/// A change of the config, as its history tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::command) struct Act {
    /// The user, or the name of a token.
    pub(in crate::command) by: String,
    /// In words: `reload`, `rollback to 3`, `move payment to front`.
    pub(in crate::command) how: String,
}
