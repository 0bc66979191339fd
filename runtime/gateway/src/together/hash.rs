//! What stands for a text of any length in this process's memory.

use std::hash::{BuildHasher, RandomState};

/// Makes 128 bits of texts by keys of its own: nobody outside can find two that are alike.
#[derive(Debug, Clone, Default)]
pub(super) struct Hash(RandomState, RandomState);

impl Hash {
    /// What stands for these texts, in this order.
    pub(super) fn of(&self, texts: &[&str]) -> u128 {
        let half = |state: &RandomState| u128::from(state.hash_one(texts));
        (half(&self.0) << 64) | half(&self.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_told_apart_by_where_they_end() {
        let hash = Hash::default();
        assert_eq!(hash.of(&["ab", "c"]), hash.of(&["ab", "c"]));
        assert_ne!(hash.of(&["ab", "c"]), hash.of(&["a", "bc"]));
        assert_ne!(hash.of(&["a"]), Hash::default().of(&["a"]));
    }
}
