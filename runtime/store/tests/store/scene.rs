//! Where a test's database is, and tests of every engine.

#[cfg(feature = "postgres")]
use std::sync::atomic::{AtomicU32, Ordering};

#[cfg(feature = "postgres")]
use seam_store::Postgres;
use seam_store::{Memory, Store, StoreOptions};
use tempfile::TempDir;

#[cfg(feature = "postgres")]
use crate::server::Server;

/// Where a test's database is.
pub(crate) enum Scene {
    Sled(TempDir),
    Memory(Memory),
    /// A schema of this name, at this url.
    #[cfg(feature = "postgres")]
    Postgres {
        url: String,
        schema: String,
    },
}

impl Scene {
    pub(crate) fn sled() -> Self {
        Self::Sled(tempfile::tempdir().unwrap())
    }

    pub(crate) fn memory() -> Self {
        Self::Memory(Memory::new())
    }

    /// A schema of its own; none where PostgreSQL isn't installed.
    #[cfg(feature = "postgres")]
    pub(crate) fn postgres() -> Option<Self> {
        Some(Self::at(Server::shared()?.url()))
    }

    /// The same at another url.
    #[cfg(feature = "postgres")]
    pub(crate) fn at(url: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let schema = format!("Test-{}", NEXT.fetch_add(1, Ordering::Relaxed));
        Self::Postgres { url, schema }
    }

    /// Opens it, the first time or again.
    pub(crate) fn open(&self) -> Store {
        match self {
            Self::Sled(folder) => Store::open(&folder.path().join("test")).unwrap(),
            Self::Memory(memory) => {
                Store::open_on(memory.clone(), StoreOptions::default()).unwrap()
            }
            #[cfg(feature = "postgres")]
            Self::Postgres { url, schema } => {
                let engine = Postgres::new(url, schema).unwrap();
                Store::open_on(engine, StoreOptions::default()).unwrap()
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
        #[cfg(feature = "postgres")]
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                if let Some(scene) = super::Scene::postgres() {
                    super::$test(scene).await;
                }
            })*
        }
    };
}
