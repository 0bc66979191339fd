//! Tokens that were checked already, until they expire.

use std::sync::Arc;

use quick_cache::sync::Cache;
use ring::digest;

use crate::auth::Known;

/// So many tokens are remembered, at most.
const MAX_TOKENS: usize = 10_000;

/// What tokens were found to say: each by the SHA-256 of its text, so that none of them stays in
/// memory.
#[derive(Debug)]
pub(super) struct Verified(Cache<[u8; 32], Checked>);

/// What a token says.
#[derive(Debug, Clone)]
pub(super) struct Checked {
    pub(super) who: Arc<Known>,
    /// Until when, in seconds since 1970, its leeway included.
    pub(super) until: f64,
}

impl Verified {
    pub(super) fn new() -> Self {
        Self(Cache::new(MAX_TOKENS))
    }

    /// Under what a token is remembered.
    pub(super) fn key(token: &[u8]) -> [u8; 32] {
        let digest = digest::digest(&digest::SHA256, token);
        let mut key = [0; 32];
        key.copy_from_slice(digest.as_ref());
        key
    }

    /// What the token said, if that still holds.
    pub(super) fn get(&self, key: &[u8; 32], now: f64) -> Option<Arc<Known>> {
        let checked = self.0.get(key)?;
        (now < checked.until).then_some(checked.who)
    }

    pub(super) fn put(&self, key: [u8; 32], checked: Checked) {
        self.0.insert(key, checked);
    }
}
