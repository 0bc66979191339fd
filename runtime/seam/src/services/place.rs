//! Where a service's rows lie.

use std::fmt;
use std::path::PathBuf;

#[cfg(feature = "postgres")]
use seam_store::Postgres;
use seam_store::{Memory, OpenError, Sled, Store, StoreOptions};

use crate::config::{Config, ServiceConfig};
#[cfg(feature = "postgres")]
use crate::config::{ServerUrl, StoreEngine};

/// Where a service's rows lie.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// A folder, which one process has at a time.
    Folder(PathBuf),
    /// Memory, for as long as the process lasts.
    Memory(Memory),
    /// A schema of a database, which many processes have at once.
    #[cfg(feature = "postgres")]
    Schema {
        /// Where the database is.
        url: ServerUrl,
        /// The service, and so the schema.
        service: String,
    },
}

impl Place {
    /// Where a service's rows are, by the config.
    pub(crate) fn of(config: &Config, service: &ServiceConfig) -> Self {
        #[cfg(feature = "postgres")]
        if service.store.engine == StoreEngine::Postgres {
            return Self::Schema { url: service.store.url.clone(), service: service.name.clone() };
        }
        Self::Folder(config.app.data.join("services").join(&service.name))
    }

    /// Whether several processes may have it at once, so that none of them stands by.
    pub(super) const fn is_shared(&self) -> bool {
        !matches!(self, Self::Folder(_) | Self::Memory(_))
    }

    /// Opens it, and waits for that.
    pub(super) fn open(&self, options: StoreOptions) -> Result<Store, OpenError> {
        match self {
            Self::Folder(path) => Store::open_on(Sled::new(path), options),
            Self::Memory(memory) => Store::open_on(memory.clone(), options),
            #[cfg(feature = "postgres")]
            Self::Schema { url, service } => {
                Store::open_on(Postgres::new(url.reveal(), service)?, options)
            }
        }
    }

    /// Opens it once no other process has it, where one has it at a time. `owned` is told that it is
    /// this one's, before anything in it is touched.
    pub(super) async fn open_when_free(
        &self,
        owned: impl Fn() + Send + Sync + 'static,
        options: StoreOptions,
    ) -> Result<Store, OpenError> {
        match self {
            Self::Folder(path) => Store::open_on_async(Sled::when_free(path, owned), options).await,
            Self::Memory(memory) => Store::open_on_async(memory.when_free(owned), options).await,
            #[cfg(feature = "postgres")]
            Self::Schema { url, service } => {
                Store::open_on_async(Postgres::new(url.reveal(), service)?, options).await
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path) => write!(f, "{}", path.display()),
            Self::Memory(_) => f.write_str("memory"),
            #[cfg(feature = "postgres")]
            Self::Schema { service, .. } => write!(f, "schema {service}"),
        }
    }
}
