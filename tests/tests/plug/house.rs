//! The shop, and a process beside it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use seam_tests::http::{Request, Response, get, post};
use seam_tests::process::{Process, example};
use seam_tests::shop::Premises;
use serde_json::{Value, json};

/// Within which a gateway serves who has come.
pub(crate) const SERVED: Duration = Duration::from_secs(5);
/// How long anything else may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) type Settings<'s> = &'s [(&'s str, &'s str)];

/// A running shop that others are plugged into.
pub(crate) struct House {
    // Before the folder that it works in.
    _shop: Process,
    pub premises: Premises,
    pub edge: SocketAddr,
}

fn owned(settings: Settings<'_>) -> Vec<(String, String)> {
    settings.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

impl House {
    /// The shop in a topology, with one user.
    pub(crate) async fn open(topology: &str, units: usize, settings: Settings<'_>) -> Self {
        let premises = Premises::new(owned(settings)).unwrap();
        Self::start(premises, &["up", topology], units).await
    }

    /// The shop as one process, by another `app.toml`.
    pub(crate) async fn with_config(text: &str) -> Self {
        let premises = Premises::with(example("shop").unwrap(), text, Vec::new()).unwrap();
        Self::start(premises, &["run", "--unit", "all"], 1).await
    }

    pub(crate) async fn start(premises: Premises, arguments: &[&str], units: usize) -> Self {
        let shop = premises.start(arguments).unwrap();
        let edge = premises.edge(units, true).await.unwrap();
        let house = Self { _shop: shop, premises, edge };
        let ada = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
        assert_eq!(house.send(&ada).await.status, 201);
        house
    }

    /// Starts a program by the loyalty service's `app.toml`, on the same data folder.
    pub(crate) fn plug(&self, program: &str, settings: Settings<'_>) -> Process {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../services/loyalty/app.toml");
        self.plug_by(program, config, settings)
    }

    pub(crate) fn plug_by(
        &self,
        program: &str,
        config: PathBuf,
        settings: Settings<'_>,
    ) -> Process {
        let data = self.premises.folder().join("data").display().to_string();
        let mut environment = owned(&[("SEAM__APP__DATA", &data)]);
        environment.extend(owned(settings));
        let config = config.display().to_string();
        let log = self.premises.folder().join(format!("{program}.log"));
        let program = example(program).unwrap();
        Process::start(&program, ["--config", &config, "run"], &environment, &log).unwrap()
    }

    pub(crate) async fn send(&self, request: &Request) -> Response {
        request.send(self.edge).await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let response = self.send(&get(path)).await;
        (response.status, response.json())
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.send(&post(path, &body)).await;
        (response.status, response.json())
    }

    /// Waits until a path is answered so, for as long as it may take; returns what is answered.
    pub(crate) async fn until(&self, path: &str, status: u16) -> Value {
        let began = Instant::now();
        loop {
            let (came, body) = self.get(path).await;
            if came == status {
                return body;
            }
            assert!(began.elapsed() < PATIENCE, "{path} is still {came}: {body}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What a unit tells of what is plugged in, once it tells of anything.
    pub(crate) async fn plugged(&self, unit: &str) -> Value {
        let began = Instant::now();
        loop {
            let status = self.premises.status().await.unwrap();
            let own = status.iter().find(|own| own["unit"] == unit);
            let plugged = own.map(|own| own["plugged"].clone()).unwrap_or_default();
            if plugged.as_array().is_some_and(|plugged| !plugged.is_empty()) {
                return plugged;
            }
            assert!(began.elapsed() < PATIENCE, "nothing is plugged in: {status:?}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What a log says.
    pub(crate) fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.premises.folder().join(name)).unwrap_or_default()
    }
}
