//! An app as its command line sees it.

use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value, json};

use super::App;
use crate::command::{Control, Program, Unit};
use crate::config::{Catalogue, Config, UnitLayout};
use crate::unit::{Running, UnitStatus};

impl App {
    /// Runs the app by its command line, and returns its exit code: 0 done, 1 failed, 2 wrong
    /// config or command line. `--help` teaches it.
    pub fn main(self) -> ExitCode {
        crate::command::main(self)
    }
}

impl Program for App {
    type Unit = Running;

    fn catalogue(&self) -> Catalogue {
        Self::catalogue(self)
    }

    async fn start(
        self,
        config: Config,
        layout: UnitLayout,
    ) -> Result<Running, Box<dyn std::error::Error + Send + Sync>> {
        Ok(self.start_unit(&config, &layout).await?)
    }
}

impl Unit for Running {
    async fn stop(&self, drain: Duration) {
        self.stop_within(drain).await;
    }
}

impl Control for Running {
    async fn status(&self) -> UnitStatus {
        Self::status(self).await
    }

    async fn call(
        &self,
        service: String,
        method: String,
        args: Value,
        deadline: Option<Duration>,
    ) -> Result<Value, Value> {
        self.call_json(&service, &method, args, deadline).await.map_err(|problem| json!(problem))
    }
}
