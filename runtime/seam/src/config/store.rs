//! `[store]` and `[services.NAME.store]`: where services keep their rows.

use super::{
    Config, UnitLayout,
    effective::Effective,
    engine::{Engine, read_engine},
    origin::Origin,
    reader::Reader,
    url::ServerUrl,
    value::Choice,
};

/// `[store]`: where services keep their rows, unless `[services.NAME.store]` says otherwise.
///
/// ```toml
/// [store]
/// engine = "postgres"
/// url = "postgres://shop:${DATABASE_PASSWORD}@127.0.0.1:5432/shop"
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StoreConfig {
    /// `engine`: what keeps the rows. Default: `sled`.
    pub engine: StoreEngine,
    /// `url`: where the server is, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. Each service has a
    /// schema of its name there. Default: none, and `postgres` needs one.
    pub url: ServerUrl,
}

/// What keeps a service's rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StoreEngine {
    /// A folder in the data folder, which one process has at a time.
    #[default]
    Sled,
    /// A schema of a PostgreSQL database, which all instances use at once.
    Postgres,
}

impl Choice for StoreEngine {
    const ALL: &'static [(&'static str, Self)] =
        &[("sled", Self::Sled), ("postgres", Self::Postgres)];
}

impl Engine for StoreEngine {
    fn lacks(self) -> Option<&'static str> {
        match self {
            Self::Postgres if cfg!(not(feature = "postgres")) => Some("postgres"),
            _ => None,
        }
    }
}

/// What a url of the engine looks like.
pub(super) const EXAMPLE: &str = "postgres://USER:PASSWORD@127.0.0.1:5432/DATABASE";

/// Reads `engine` and `url`; what isn't said is as in `default`.
pub(super) fn read_store(reader: &mut Reader<'_>, default: &StoreConfig) -> StoreConfig {
    let engine = read_engine(reader, default.engine);
    let url = reader.checked("url", default.url.clone(), |url: &ServerUrl| {
        match url.is_empty() || is_postgres(url.reveal()) {
            true => Ok(()),
            false => Err((
                "`url` is none of the engine `postgres`".into(),
                format!("use e.g. {EXAMPLE:?}"),
            )),
        }
    });
    StoreConfig { engine, url }
}

/// Whether a url begins as one of a PostgreSQL server.
fn is_postgres(url: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme))
}

impl StoreConfig {
    /// The store at that url of a PostgreSQL server; `None` if it is none.
    pub(crate) fn postgres(url: &str) -> Option<Self> {
        let url = is_postgres(url).then(|| ServerUrl::new(url))?;
        Some(Self { engine: StoreEngine::Postgres, url })
    }
}

impl Config {
    /// The keys by which a service of this unit has its rows elsewhere in `next`. It opens its store
    /// once, so it has to be started again for them.
    pub(super) fn moves_rows(&self, next: &Self, layout: &UnitLayout) -> Vec<String> {
        let mut keys = Vec::new();
        for name in &layout.services {
            let store = |config: &Self| config.service(name).map(|own| own.store.clone());
            let (Some(before), Some(after)) = (store(self), store(next)) else { continue };
            let engine = (before.engine != after.engine).then_some("engine");
            let url = (before.url != after.url).then_some("url");
            for key in engine.into_iter().chain(url) {
                let own = format!("services.{name}.store");
                let written = |config: &Self| {
                    let is = |value: &&Effective| value.table == own && value.key == key;
                    let found = config.effective.iter().find(is);
                    found.is_some_and(|value| !matches!(value.origin, Origin::Default))
                };
                let key = match written(self) || written(next) {
                    true => format!("{own}.{key}"),
                    false => format!("store.{key}"),
                };
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        keys
    }
}
