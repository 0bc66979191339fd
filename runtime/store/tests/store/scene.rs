//! Where a test's database is, and tests of every engine.

use seam_store::{Memory, Store, StoreOptions};
use tempfile::TempDir;

/// Where a test's database is.
pub(crate) enum Scene {
    Sled(TempDir),
    Memory(Memory),
}

impl Scene {
    pub(crate) fn sled() -> Self {
        Self::Sled(tempfile::tempdir().unwrap())
    }

    pub(crate) fn memory() -> Self {
        Self::Memory(Memory::new())
    }

    /// Opens it, the first time or again.
    pub(crate) fn open(&self) -> Store {
        match self {
            Self::Sled(folder) => Store::open(&folder.path().join("test")).unwrap(),
            Self::Memory(memory) => {
                Store::open_on(memory.clone(), StoreOptions::default()).unwrap()
            }
        }
    }
}

/// Makes a test of each, on every engine.
macro_rules! on_every_engine {
    ($($test:ident),* $(,)?) => {
        mod sled {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Scene::sled()).await;
            })*
        }
        mod memory {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Scene::memory()).await;
            })*
        }
    };
}
