//! What a listener goes by.

use crate::auth::Role;
use crate::page::{FILES, File};

/// What an admin listener goes by.
#[derive(Clone, Debug)]
pub struct AdminSettings {
    /// The hosts, beside localhost and loopback addresses, by which browsers may ask for it.
    pub hosts: Vec<String>,
    /// The tokens beside the operator's own.
    pub tokens: Vec<NamedToken>,
    /// The files of the page.
    pub files: &'static [File],
    /// The longest body of a request, in bytes. Default: 1 MiB.
    pub body: usize,
    /// How many may listen at the same time. Default: 128.
    pub streams: usize,
    /// How much may be done at the same time. Default: 16.
    pub acts: usize,
}

/// A token with a name.
#[derive(Clone, PartialEq, Eq)]
pub struct NamedToken {
    /// What the audit calls who has it.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// The token itself.
    pub token: String,
}

impl Default for AdminSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            tokens: Vec::new(),
            files: FILES,
            body: 1 << 20,
            streams: 128,
            acts: 16,
        }
    }
}

impl std::fmt::Debug for NamedToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NamedToken")
            .field("name", &self.name)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
