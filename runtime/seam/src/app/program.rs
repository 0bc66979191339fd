//! An app as its command line sees it.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use seam_core::call::Allow;
use seam_core::context::TraceContext;
use seam_core::contract::ContractDescriptor;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_core::time::Clock;
use seam_telemetry::otlp::Export;
use serde_json::Value;
use serde_json::value::RawValue;

use super::App;
use crate::command::{Control, Program, Unit};
use crate::config::{Catalogue, Config, Origin, Problem, Problems, UnitLayout};
use crate::services::{BusAnswer, BusAsk, BusRefusal, Registered, RoutePlan, deadlines};
use crate::unit::{
    DroppedLines, EdgeSockets, Running, SeenAnswer, SeenAsk, StartFailure, Taken, UnitStatus,
    api_document,
};

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

    fn contracts(&self) -> Vec<(ServiceId, &'static ContractDescriptor)> {
        Self::contracts(self)
    }

    fn check(&self, config: &Config) -> Result<(), Problems> {
        let problem = |reason: String, fix: &str| Problem::new(&Origin::Default, reason, fix);
        let missing = |(service, needed): &(ServiceId, ServiceId)| {
            let reason = format!("`{service}` needs `{needed}`, and this app has no such service");
            let fix = format!(
                "add `.service::<…>()` for it in main; or, if another process of the app hosts it, \
                 `remote = true` to [services.{needed}]"
            );
            problem(reason, &fix)
        };
        let of_plugin = |(plugin, contract): &(ServiceId, &str)| {
            let reason = format!("`{plugin}` needs `{contract}`, and this app has no such service");
            problem(reason, "add `.service::<…>()` for it in main")
        };
        let elsewhere = self.registry.elsewhere();
        let unknown = elsewhere.iter().filter(|(_, needed)| !config.is_remote(needed.name()));
        let mut problems: Vec<_> = unknown.map(missing).collect();
        problems.extend(self.graph().missing().iter().map(of_plugin));
        if config.units.iter().any(|unit| unit.has_edge()) {
            // Routes that lead nowhere: nothing of them is started.
            let deadlines = deadlines(None, config.calls.deadline);
            let open = |service: &Arc<dyn Registered>| {
                service
                    .open(
                        RoutePlan {
                            deadlines,
                            policy: None,
                            allow: Allow::default(),
                            rehearsal: None,
                        },
                        Clock::fast(),
                        None,
                        Arc::new(Recorder::new(&Clock::fast(), 0)),
                    )
                    .client()
            };
            let clients: Vec<_> = self.registry.services().iter().map(open).collect();
            if let Err(error) = seam_gateway::check_routes(&clients) {
                let fix = "see the `http` and `public` of their #[call(…)]";
                problems.push(problem(error.to_string(), fix));
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(problems.into_iter().collect()) }
    }

    fn openapi(&self, config: &Config) -> Result<Value, String> {
        let document = api_document(&self.registry, &self.additions, config);
        document.map_err(|error| error.to_string())
    }

    async fn start(
        self,
        config: Config,
        layout: UnitLayout,
        edge: EdgeSockets,
    ) -> Result<Running, StartFailure> {
        Running::start(&self.registry, &self.additions, &config, &layout, edge).await
    }
}

impl Unit for Running {
    async fn stop(&self, drain: Duration) {
        self.stop_within(drain).await;
    }

    fn export(&self) -> Option<Arc<Export>> {
        Some(Self::export(self))
    }

    fn count_lines(&self, dropped: DroppedLines) {
        Self::count_lines(self, dropped);
    }
}

impl Control for Running {
    async fn status(&self) -> UnitStatus {
        Self::status(self).await
    }

    async fn take(&self, config: &Config) -> Taken {
        self.take_first(config).await
    }

    async fn settle(&self) -> Vec<String> {
        self.take_second().await
    }

    async fn bus(&self, ask: BusAsk) -> Result<BusAnswer, BusRefusal> {
        self.ask_bus(ask).await
    }

    async fn seen(&self, ask: SeenAsk) -> Result<SeenAnswer, String> {
        self.ask_seen(ask).await
    }

    async fn call(
        &self,
        service: String,
        method: String,
        args: Box<RawValue>,
        deadline: Option<Duration>,
        trace: Option<TraceContext>,
    ) -> Result<Box<RawValue>, Value> {
        // On a home, for a turn may block: this thread says whether the process lives.
        self.call_on_home(service, method, args, deadline, trace).await
    }
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    use super::*;

    #[crate::contract(name = "tea", version = "1.0")]
    pub(crate) trait Tea {
        #[call(http = "GET /api/tea")]
        async fn brew(&self, cups: u8) -> u8;
    }

    #[crate::contract(name = "cake", version = "1.0")]
    pub(crate) trait Cake {
        #[call(http = "GET /api/tea")]
        async fn bake(&self) -> u8;
    }

    struct Kettle;
    struct Oven;

    impl Actor for Kettle {
        type Contract = TeaContract;
        type Config = ();
        type Needs = ();

        async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
            Ok(Self)
        }
    }

    impl Tea for Kettle {
        async fn brew(&self, cups: u8) -> u8 {
            cups
        }
    }

    impl Actor for Oven {
        type Contract = CakeContract;
        type Config = ();
        type Needs = (TeaClient,);

        async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
            Ok(Self)
        }
    }

    impl Cake for Oven {
        async fn bake(&self) -> u8 {
            1
        }
    }

    fn checked(app: &App, text: &str) -> String {
        let config = Config::parse("app.toml", text, [], &app.catalogue()).unwrap();
        Program::check(app, &config).err().map(|problems| problems.to_string()).unwrap_or_default()
    }

    #[test]
    fn one_route_of_two_methods_is_found_before_anything_starts() {
        let app = App::new("bakery").service::<Kettle>().service::<Oven>();
        let text = checked(&app, "");
        assert!(text.contains("GET /api/tea") && text.contains("cake.bake"), "{text}");
        assert!(text.contains("fix: "), "{text}");
        let no_edge = "[units.all]\nservices = [\"*\"]\n";
        assert_eq!(checked(&app, no_edge), "");
    }

    #[test]
    fn what_the_edge_would_serve_is_told_without_one() {
        let app = App::new("bakery").release("7").service::<Kettle>();
        let config = Config::parse("app.toml", "[app]\nname = \"north\"\n", [], &app.catalogue());
        let document = Program::openapi(&app, &config.unwrap()).unwrap();
        assert_eq!(document["info"], serde_json::json!({ "title": "north", "version": "7" }));
        assert_eq!(document["paths"]["/api/tea"]["get"]["operationId"], "tea.brew");
        let twice = App::new("bakery").service_as::<Kettle>("a").service_as::<Kettle>("b");
        let config = Config::parse("app.toml", "", [], &twice.catalogue()).unwrap();
        assert!(Program::openapi(&twice, &config).is_ok(), "`check` says what is wrong with that");
    }

    #[test]
    fn a_need_that_nobody_meets_is_named() {
        let text = checked(&App::new("bakery").service::<Oven>(), "");
        assert!(text.contains("`cake` needs `tea`, and this app has no such service"), "{text}");
    }
}
