//! `state`: a service's rows, brought to another store while nobody uses them.

use std::{
    fmt::{self, Display},
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use seam_store::{CopyError, OpenError, Sled, engine::Engine};
use serde_json::json;
#[cfg(feature = "postgres")]
use tokio::time::sleep;

use super::{Failure, control, print, status};
use crate::config::{Config, StoreConfig, StoreEngine, nearest, process};

/// How often it is said how far the copy is.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a database may take to see that a unit has ended, and how often it is asked.
#[cfg(feature = "postgres")]
const LETS_GO: Duration = Duration::from_secs(2);
#[cfg(feature = "postgres")]
const LOOK: Duration = Duration::from_millis(100);

/// What is to be copied, and where to.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) service: String,
    pub(super) to: StoreConfig,
    pub(super) json: bool,
}

/// Reads `sled`, or the url of a database.
pub(super) fn parse_store(text: &str) -> Result<StoreConfig, String> {
    if text == "sled" {
        return Ok(StoreConfig::default());
    }
    let given = StoreConfig::postgres(text);
    given.ok_or_else(|| "write sled, or a url: postgres://USER:PASSWORD@HOST:PORT/DATABASE".into())
}

/// Copies all rows of a service from where the config says that they are, and counts them there.
pub(super) async fn copy(config: &Config, asked: Asked) -> Result<ExitCode, Failure> {
    let Asked { service, to, json } = asked;
    let Some(known) = config.service(&service) else {
        let fix = nearest(&service, config.services.iter().map(|own| own.name.as_str()));
        return Err(Failure::usage(format!("there is no service `{service}`\n  fix: {fix}")));
    };
    let of = |store: &StoreConfig| Kept::new(config, &service, store);
    let same = known.store.engine == to.engine
        && (to.engine == StoreEngine::Sled || known.store.url == to.url);
    let (from, to) = (of(&known.store)?, of(&to)?);
    if same {
        return Err(Failure::usage(format!(
            "the config has `{service}` keep its rows there already: {from}\n  \
             fix: copy first, and change `engine` of its store then"
        )));
    }
    stopped(config, &service).await?;
    from.is_unused().await?;
    to.is_unused().await?;
    if let Kept::Folder(path, _) = &from
        && !path.exists()
    {
        return Err(Failure::other(format!(
            "`{service}` has no rows: {from} isn't there\n  \
             fix: see that this is the app's data folder, and that the service keeps any"
        )));
    }
    let mut told = Instant::now();
    let progress = |rows: u64, of: u64| {
        if told.elapsed() >= PERIOD {
            told = Instant::now();
            // Nobody has to read it.
            let _ = writeln!(io::stderr(), "{service}: {rows} of {of} rows");
        }
    };
    let copied = seam_store::copy(from.engine(), to.engine(), progress).await;
    let rows = copied.map_err(|error| uncopied(&error, &service, &from, &to))?;
    if json {
        let (from, to) = (from.word(), to.word());
        let all = json!({ "ok": true, "service": service, "from": from, "to": to, "rows": rows });
        return print(format!("{all:#}"));
    }
    print(format!(
        "{service}: {rows} rows, those of indexes among them, copied from {from} to {to} and counted \
         there\n  next: {}, and start the app; nothing has changed at the old place",
        to.chosen(&service)
    ))
}

/// One of the two stores.
enum Kept {
    Folder(PathBuf, Sled),
    /// A service's.
    #[cfg(feature = "postgres")]
    Schema(String, seam_store::Postgres),
}

impl Kept {
    fn new(config: &Config, service: &str, store: &StoreConfig) -> Result<Self, Failure> {
        match store.engine {
            StoreEngine::Sled => {
                let path = config.app.data.join("services").join(service);
                let sled = Sled::new(&path);
                Ok(Self::Folder(path, sled))
            }
            #[cfg(feature = "postgres")]
            StoreEngine::Postgres => {
                let engine = seam_store::Postgres::new(store.url.reveal(), service);
                Ok(Self::Schema(service.to_owned(), engine.map_err(Failure::usage)?))
            }
            #[cfg(not(feature = "postgres"))]
            StoreEngine::Postgres => Err(Failure::usage(
                "this app was built without the engine `postgres`\n  \
                 fix: add the feature \"postgres\" of `seam` in Cargo.toml, and build it again",
            )),
        }
    }

    fn engine(&self) -> &dyn Engine {
        match self {
            Self::Folder(_, sled) => sled,
            #[cfg(feature = "postgres")]
            Self::Schema(_, postgres) => postgres,
        }
    }

    const fn word(&self) -> &'static str {
        match self {
            Self::Folder(..) => "sled",
            #[cfg(feature = "postgres")]
            Self::Schema(..) => "postgres",
        }
    }

    /// Refuses a database that a unit is connected to, wherever that runs. A folder has its lock.
    async fn is_unused(&self) -> Result<(), Failure> {
        match self {
            Self::Folder(..) => Ok(()),
            #[cfg(feature = "postgres")]
            Self::Schema(service, postgres) => {
                let until = Instant::now() + LETS_GO;
                loop {
                    let connections = postgres.connections().await.map_err(Failure::other)?;
                    if connections == 0 {
                        return Ok(());
                    }
                    if Instant::now() >= until {
                        return Err(Failure::other(format!(
                            "`{service}` is in use: {connections} of its connections are open at \
                             {self}\n  fix: stop the units that host it, on all machines; those of \
                             a machine that is gone go by themselves"
                        )));
                    }
                    sleep(LOOK).await;
                }
            }
        }
    }

    /// How it is made empty.
    fn emptied(&self) -> String {
        match self {
            Self::Folder(path, _) => format!("move the folder {} away", path.display()),
            #[cfg(feature = "postgres")]
            Self::Schema(service, _) => {
                format!("if nobody needs them: DROP SCHEMA \"{service}\" CASCADE")
            }
        }
    }

    /// What the config is to say.
    fn chosen(&self, service: &str) -> String {
        let word = self.word();
        format!("put `engine = {word:?}` into [services.{service}.store], with the `url` if any")
    }
}

impl Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(path, _) => write!(f, "{}", path.display()),
            #[cfg(feature = "postgres")]
            Self::Schema(_, postgres) => postgres.fmt(f),
        }
    }
}

/// No unit of this data folder runs that hosts the service.
async fn stopped(config: &Config, service: &str) -> Result<(), Failure> {
    let data = &config.app.data;
    let hosts = config.units.iter().filter(|unit| unit.services.iter().any(|own| own == service));
    let processes = hosts.flat_map(|unit| status::processes(data, unit));
    let processes: Vec<_> = processes.map(|(unit, number)| process(unit, number)).collect();
    control::none_runs(data, &processes).await.map_err(Failure::other)
}

fn uncopied(error: &CopyError, service: &str, from: &Kept, to: &Kept) -> Failure {
    let fix = match error {
        CopyError::NotEmpty { .. } => to.emptied(),
        CopyError::Open(OpenError::Unfinished) => format!("{from} isn't whole: name another"),
        CopyError::Open(_) => return Failure::other(format!("`{service}`: {error}")),
        _ => format!("copy again; until then nobody can take {to} for whole"),
    };
    Failure::other(format!("`{service}`: {error}\n  fix: {fix}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_sled_or_a_url() {
        assert_eq!(parse_store("sled").unwrap(), StoreConfig::default());
        let url = parse_store("postgres://u@h/d").unwrap();
        assert_eq!((url.engine, url.url.reveal()), (StoreEngine::Postgres, "postgres://u@h/d"));
        for text in ["", "slad", "postgres", "mysql://h/d"] {
            assert!(parse_store(text).unwrap_err().contains("write sled, or a url"), "{text}");
        }
    }
}
