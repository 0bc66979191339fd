//! The command line of an app: `run`, `up`, `drain`, `restart`, `reload`, `move`, `status`, `call`, `repl`,
//! `state`, `logs`, `traces`, `trace`, `slow`, `tap`, `top`, `check`, `graph`, `openapi`, `config`, `set`, `unset`, `breaker`, `certs`, `key`, `export`, `topics`,
//! `dead`, `tickets`, `schedules`, `replay`, `admin`, `dashboard`, `audit`, `unknown`.
//!
//! [`main`] knows the app only as a [`Program`]: its catalogue, and how to start a unit of it.
//! Exit codes: 0 done, 1 failed, 2 wrong config or command line.

mod admin;
mod args;
mod birth;
mod bus;
mod call;
mod centre;
mod certs;
mod check;
mod colour;
mod control;
mod export;
mod graph;
mod key;
mod limits;
mod logs;
mod moving;
mod output;
mod parent;
mod ready;
mod reload;
mod reloading;
mod repl;
mod replace;
mod run;
mod seen;
mod settle;
mod signals;
mod state;
mod status;
mod steer;
mod terminal;
#[cfg(test)]
mod tests;
mod unknown;
mod up;
mod usage;
mod user;
mod watch;
mod whereabouts;

use std::{
    ffi::OsString,
    fmt::Display,
    io::{self, Write},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use seam_admin::{Act, Move, Restart};
use seam_core::{contract::ContractDescriptor, name::ServiceId};
use seam_gateway::LastOne;
use seam_telemetry::{
    logs::{Keep, Level, LogFile},
    otlp::Export,
};
use tokio::runtime;

pub(crate) use self::control::Control;
#[cfg(test)]
use self::control::UnitStatus;
use self::{
    admin::{App, Listener, Opening, Scope, audited, audited_change, audited_from},
    args::{Cli, Command, GraphFormat, KeyCommand, StateCommand},
    birth::{Birth, Given},
    centre::Centre,
    control::ControlSocket,
    logs::Origin,
    parent::Parent,
    reloading::{Beginning, Parse},
    unknown::UnknownCommand,
    up::{Accepted, EdgeSocket},
};
use crate::{
    config::{
        Catalogue, Config, Files, LogFormat, Problems, Profile, Source, UnitConfig, UnitLayout,
        environment, process,
    },
    unit::{DroppedLines, EdgeSockets, StartFailure, check_certificates},
};

/// How long the units of `up` may take to stop beyond their drain time, before they are killed.
const GRACE: Duration = Duration::from_secs(5);
/// How long a unit's last lines may take to be read at its end.
const LAST_LINES: Duration = Duration::from_millis(500);

/// An app, as far as its command line is concerned.
pub(crate) trait Program: Clone + Send + Sync + 'static {
    /// A unit that runs.
    type Unit: Unit;

    /// The app's name and services.
    fn catalogue(&self) -> Catalogue;

    /// The services and their contracts, for `call` to teach them.
    fn contracts(&self) -> Vec<(ServiceId, &'static ContractDescriptor)> {
        Vec::new()
    }

    /// What `check` looks at beyond the config, without starting anything: the contracts.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check(&self, _config: &Config) -> Result<(), Problems> {
        Ok(())
    }

    /// What the app's edges serve, as an OpenAPI document.
    ///
    /// # Errors
    /// What is wrong with the contracts.
    fn openapi(&self, _config: &Config) -> Result<serde_json::Value, String> {
        Err("this app has no edge".to_owned())
    }

    /// Starts a unit. It runs within a current-thread tokio runtime and a `LocalSet`; threads of
    /// its own are its own affair.
    ///
    /// `edge` are the sockets on which the unit serves HTTP, if it shares them with others.
    fn start(
        self,
        config: Config,
        layout: UnitLayout,
        edge: EdgeSockets,
    ) -> impl Future<Output = Result<Self::Unit, StartFailure>>;
}

/// A unit that runs.
pub(crate) trait Unit: Control {
    /// Stops it: takes in nothing new, lets what is in flight end within `drain`, flushes.
    fn stop(&self, drain: Duration) -> impl Future<Output = ()>;

    /// What takes the lines of this process to a collector, if anything does.
    fn export(&self) -> Option<Arc<Export>> {
        None
    }

    /// Has what it counts say how many lines of the log were dropped.
    fn count_lines(&self, _dropped: DroppedLines) {}
}

/// Why a command failed, and with which exit code.
#[derive(Debug)]
struct Failure {
    code: u8,
    text: String,
    /// Whether the text is what a script reads, from standard output.
    answer: bool,
}

impl Failure {
    /// Wrong config or command line.
    fn usage(text: impl Display) -> Self {
        Self { code: 2, text: text.to_string(), answer: false }
    }

    /// Everything else.
    fn other(text: impl Display) -> Self {
        Self { code: 1, text: text.to_string(), answer: false }
    }

    /// As a line of `up`, whose lines are JSON objects.
    fn into_line(self) -> Self {
        Self { text: Origin::of_up().entry(Level::Error, &self.text).line(), ..self }
    }

    /// A failure that is the answer to `--json`.
    fn answer(text: impl Display) -> Self {
        Self { answer: true, ..Self::other(text) }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        let count = match problems.len() {
            1 => "1 problem".to_owned(),
            count => format!("{count} problems"),
        };
        Self::usage(format!("{problems}\n\n{count}; nothing was started"))
    }
}

impl From<StartFailure> for Failure {
    fn from(failure: StartFailure) -> Self {
        match failure {
            StartFailure::Config(problems) => problems.into(),
            failure if failure.is_config() => Self::usage(failure),
            failure => Self::other(failure),
        }
    }
}

impl From<crate::config::LayoutError> for Failure {
    fn from(error: crate::config::LayoutError) -> Self {
        Self::usage(error)
    }
}

/// Does what the process's command line says.
pub(crate) fn main(program: impl Program) -> ExitCode {
    let name = program.catalogue().app;
    match args::parse(&name, std::env::args_os()) {
        Ok(cli) => command(program, cli).unwrap_or_else(|failure| {
            let text = failure.text.trim_end();
            let _ = match failure.answer {
                true => writeln!(io::stdout(), "{text}"),
                false => writeln!(io::stderr(), "{text}"),
            };
            ExitCode::from(failure.code)
        }),
        Err(error) => {
            let _ = error.print();
            ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
        }
    }
}

fn command(program: impl Program, cli: Cli) -> Result<ExitCode, Failure> {
    let env = environment()?;
    let profile = Profile::chosen(cli.profile.as_deref(), &env)?;
    let files = Files { file: cli.config, profile };
    let catalogue = program.catalogue();
    let parse = |source: &Source| Config::of(source, None, environment()?, &catalogue);
    let read = || whereabouts::source(&files, &env, &catalogue);
    let load = || parse(&read()?);
    let centre = || centre_of(program.clone(), &files, &env);
    // Who asks a running app may do so beside a file that is broken.
    let running = || {
        load().or_else(|problems| {
            let found = block_on(whereabouts::accepted(&files, &env, &catalogue));
            found.ok().flatten().map_or(Err(problems), |source| parse(&source))
        })
    };
    match cli.command.unwrap_or(Command::Run(args::RunArgs::default())) {
        Command::Run(args) => {
            // What a child of `up` begins with, it has from there alone.
            let (parent, birth) = match args.up.map(Parent::birth).transpose() {
                Ok(born) => born.unzip(),
                Err(error) => return Err(Failure::other(format!("`up` says nothing: {error}"))),
            };
            let (source, edge) = match birth {
                Some(Birth { config, edge }) => (config, edge),
                None => (read()?, Given::default()),
            };
            let layout = block_on(run::layout(&parse(&source)?, &args))??;
            let config = Config::of(&source, Some(&layout.unit), environment()?, &catalogue)?;
            program.check(&config)?;
            if args.up.is_none() {
                check_certificates(&config, [&layout])?;
            }
            limits::raise_descriptors();
            let last = LastOne::default();
            // Outlives the runtime: until the very end, somebody must end an orphan.
            let mut tie = parent.and_then(|parent| parent.tie(last.clone()));
            let edge = edge.shared(&last);
            let (logs, level) = logs::start(&config, &layout).map_err(Failure::other)?;
            let parse = parser_of(program.clone(), layout.unit.clone());
            let recorder = recorder(program.clone(), &config, &files);
            let of_up = args.up.is_some();
            // That of `up` serves its units.
            let scope = Scope::Instance(layout.unit.clone(), layout.instance);
            let app = (!of_up).then(|| App::new(program.clone(), centre(), scope));
            let beginning = Beginning { files, source, config, parse, recorder, level, of_up };
            let ended =
                block_on(run::run(program, beginning, layout, edge, tie.as_mut(), &logs, app));
            if let Ok(Err(failure)) | Err(failure) = &ended {
                logs.last(&failure.text);
            }
            logs.flush(LAST_LINES);
            ended?
        }
        Command::Up { topology } => {
            let source = read()?;
            let config = parse(&source)?;
            let layouts = config.layouts(topology.as_deref())?;
            program.check(&config)?;
            check_certificates(&config, &layouts)?;
            let reloading = reloading(program.clone(), &config, &layouts, files.clone());
            let accepted = Accepted::new(source);
            let plan = plan(&catalogue, &config, &layouts, accepted, &files, reloading)?;
            limits::raise_descriptors();
            let json = plan.json;
            let scope = Scope::Topology(plan.topology.clone());
            let centre = centre_of(program.clone(), &files, &env);
            let app = App::new(program, centre, scope);
            let done = block_on(start_up(&config, &layouts, plan, app))?;
            done.map_err(|failure| if json { failure.into_line() } else { failure })
        }
        Command::Drain(args) => {
            let config = running()?;
            let asked = replace::Asked::drain(&config, &args.target)?;
            let deed = Act::Drain { unit: args.target.to_string() }.deed();
            let doing = replace::replace(&config, asked, args.json);
            block_on(audited(&config.app.data, deed, doing))?
        }
        Command::Restart { args, rolling } => {
            let config = running()?;
            let asked = replace::Asked::restart(&config, &args.target, rolling)?;
            let unit = args.target.to_string();
            let deed = Act::Restart(Restart { unit, rolling }).deed();
            let doing = replace::replace(&config, asked, args.json);
            block_on(audited(&config.app.data, deed, doing))?
        }
        Command::Status { json } => print(block_on(status::status(&running()?, json))??),
        Command::Call(args) => {
            print(block_on(call::call(&running()?, &program.contracts(), args))??)
        }
        Command::Repl { json } => repl::repl(&|| Ok(running()?), &program.contracts(), json),
        Command::Move { service, unit, json } => {
            let centre = centre();
            let to = Move { service: service.clone(), unit: unit.clone() };
            let deed = Act::Move(to).deed();
            let asked = moving::Asked { service, unit, json };
            let by = user::user().name;
            let doing = moving::moved(&centre, &by, &asked);
            let old = |moved: &moving::Moved| moved.from.clone().into();
            block_on(audited_from(&centre.data, deed, doing, old))??.show(&asked)
        }
        Command::State { command: StateCommand::Copy { service, to, json } } => {
            block_on(state::copy(&load()?, state::Asked { service, to, json }))?
        }
        Command::Logs(args) => {
            let data = whereabouts::data(&files, &environment()?, &catalogue);
            block_on(logs::show(&data, args.asked()))?
        }
        Command::Traces(args) => {
            let (config, unit) = (running()?, args.unit.as_deref());
            print(block_on(seen::show_traces(&config, unit, args.asked(), args.json))??)
        }
        Command::Trace { id, json } => print(block_on(seen::show_trace(&running()?, &id, json))??),
        Command::Slow { json } => {
            print(block_on(seen::show_slow(&running()?, &program.contracts(), json))??)
        }
        Command::Tap(args) => {
            block_on(seen::tap(&running()?, &args))??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Top(args) => {
            block_on(seen::top(&running()?, &args.asked()))??;
            Ok(ExitCode::SUCCESS)
        }
        Command::Reload { json } => {
            let centre = centre();
            let doing = reload::reload(&centre, load, json);
            let change = |done: &reload::Reloaded| (done.old.clone(), done.new.clone());
            let done = block_on(audited_change(&centre.data, Act::Reload.deed(), doing, change))?;
            done.map(|done| done.code)
        }
        Command::Check { json } => {
            let checked = load().and_then(|config| {
                program.check(&config)?;
                let named = config.topologies.iter().map(|topology| topology.name.as_str());
                let layouts: Vec<_> =
                    named.flat_map(|name| config.layouts(Some(name)).unwrap_or_default()).collect();
                check_certificates(&config, &layouts)?;
                Ok(config)
            });
            let (text, code) = check::report(&catalogue, checked, json);
            match code {
                0 => print(text),
                code => Err(Failure { code, text, answer: json }),
            }
        }
        Command::Graph { topology, format, json } => {
            let config = load()?;
            let layouts = topology.map(|name| config.layouts(Some(&name))).transpose()?;
            let format = if json { GraphFormat::Json } else { format };
            let units = layouts.as_deref().unwrap_or_default();
            print(graph::draw(&catalogue, &config.services, units, format))
        }
        Command::Openapi => {
            let document = program.openapi(&load()?).map_err(Failure::usage)?;
            print(format!("{document:#}"))
        }
        Command::Topics { json } => print(block_on(bus::topics(&running()?, &catalogue, json))??),
        Command::Dead(command) => {
            let config = running()?;
            let deed = command.act().map(|act| act.deed());
            let doing = bus::dead(&config, command);
            print(match deed {
                Some(deed) => block_on(audited(&config.app.data, deed, doing))??,
                None => block_on(doing)??,
            })
        }
        Command::Tickets { json } => print(block_on(bus::tickets(&running()?, json))??),
        Command::Schedules { json } => print(block_on(bus::schedules(&running()?, json))??),
        Command::Replay(args) => {
            let config = running()?;
            let deed = args.act().deed();
            let doing = bus::replay(&config, &catalogue, args);
            print(block_on(audited(&config.app.data, deed, doing))??)
        }
        Command::Admin => {
            let config = load()?;
            let centre = centre();
            let app = App::new(program, centre, Scope::All);
            block_on(admin::serve(&config, app))?
        }
        Command::Dashboard { unit, viewer, json } => {
            let data = centre().data;
            print(admin::dashboard(&catalogue.app, &data, unit.as_deref(), viewer, json)?)
        }
        Command::Audit { limit, json } => print(admin::journal(&centre().data, limit, json)?),
        Command::Certs { dir, renew } => {
            let config = load()?;
            print(certs::certs(&config, &catalogue.app, dir, renew)?)
        }
        Command::Key { command: KeyCommand::New { name, json } } => print(key::new(&name, json)?),
        Command::Export(command) => print(export::export(&load()?.app.name, command)?),
        Command::Config { command: None, json } => {
            let (source, config) = (read()?, load()?);
            let units = source.units_set().into_iter().map(|unit| {
                let own = Config::of(&source, Some(unit), environment()?, &catalogue)?;
                Ok((unit.to_owned(), own))
            });
            let units = units.collect::<Result<Vec<_>, Problems>>()?;
            print(centre::effective(&config, &units, json))
        }
        Command::Config { command: Some(command), .. } => steer::versions(&centre(), command),
        Command::Set(args) => steer::set(&centre(), args),
        Command::Unset { key, unit, json } => steer::unset(&centre(), key, unit, json),
        Command::Breaker(args) => steer::breaker(&centre(), args),
        Command::Unknown { command, json } => {
            let data = centre().data;
            print(match command {
                None => unknown::list(&data, json)?,
                Some(UnknownCommand::Show { id, json }) => unknown::show(&data, &id, json)?,
                Some(UnknownCommand::Resolve { id, note, json }) => {
                    block_on(unknown::resolve(&data, &id, note, json))??
                }
            })
        }
    }
}

/// How a source becomes a config that has passed every check, by this process's environment: as it holds in
/// no unit in particular, once it has passed in each in which it holds otherwise, and without what is set.
fn parser(program: impl Program) -> Parse {
    Box::new(move |source| {
        let (env, catalogue) = (environment()?, program.catalogue());
        let of = |source: &Source, unit| Config::of(source, unit, env.iter().cloned(), &catalogue);
        let config = of(source, None)?;
        program.check(&config)?;
        for unit in source.units_set() {
            of(source, Some(unit))?;
        }
        if !source.set.is_empty() {
            of(&Source { set: Vec::new(), ..source.clone() }, None)?;
        }
        Ok(config)
    })
}

/// The same for one unit.
fn parser_of(program: impl Program, unit: String) -> Parse {
    Box::new(move |source| {
        let config = Config::of(source, Some(&unit), environment()?, &program.catalogue())?;
        program.check(&config)?;
        Ok(config)
    })
}

/// What acts on the config need.
fn centre_of(program: impl Program, files: &Files, env: &[(String, String)]) -> Centre {
    let catalogue = program.catalogue();
    let data = whereabouts::data(files, env, &catalogue);
    let in_unit = Box::new(move |source: &Source, unit: Option<&str>| {
        Config::of(source, unit, environment()?, &catalogue)
    });
    Centre { files: files.clone(), data, parse: parser(program), in_unit }
}

/// Who writes down the versions of a config that is accepted.
fn recorder(program: impl Program, config: &Config, files: &Files) -> centre::Recorder {
    let history = centre::History::new(&config.app.data, files);
    centre::recorder(history, parser(program))
}

/// Runs the plan, unless a unit of it runs already.
async fn start_up(
    config: &Config,
    layouts: &[UnitLayout],
    mut plan: up::Plan,
    app: App<impl Program>,
) -> Result<ExitCode, Failure> {
    let mut signals = signals::StopSignals::catch(true).map_err(Failure::other)?;
    let planned = |name: &str| plan.units.iter().any(|planned| planned.unit == name);
    // Units of another topology, too, if they host the same services: each has one owner.
    let hosted: Vec<_> = config.units.iter().filter(|unit| planned(&unit.name)).collect();
    let same = |unit: &&UnitConfig| {
        let hosts = |service| hosted.iter().any(|other| other.services.contains(service));
        planned(&unit.name) || unit.services.iter().any(hosts)
    };
    let same = config.units.iter().filter(same);
    let same = same.flat_map(|unit| status::processes(&config.app.data, unit));
    let same: Vec<_> = same.map(|(unit, instance)| process(unit, instance)).collect();
    control::none_runs(&config.app.data, &same).await.map_err(Failure::other)?;
    let name = control::socket_of(&plan.topology);
    let socket = ControlSocket::bind(&config.app.data, &name).map_err(Failure::other)?;
    let opening = Opening::take(config, &name)?;
    let _listener: Option<Listener> =
        opening.map(|opening| opening.serve(config, app)).transpose()?;
    for layout in layouts {
        let Some(edge) = EdgeSocket::bind(layout)? else { continue };
        let instances = plan.units.iter_mut().filter(|planned| planned.unit == layout.unit);
        instances.for_each(|planned| planned.edge = Some(edge.clone()));
    }
    let data = config.app.data.clone();
    let watch = move |planned: &up::Planned| {
        let (one, other) = (data.clone(), data.clone());
        let unit = planned.unit.clone();
        let process = process(&unit, planned.instance);
        let same = process.clone();
        up::Watch {
            ready: Box::new(move |id| {
                let (data, process, unit) = (one.clone(), process.clone(), unit.clone());
                async move {
                    ready::of_one(&data, &process, id).await;
                    ready::at_work(&data, &unit).await;
                }
                .boxed_local()
            }),
            silent: Box::new(move || {
                let (data, process) = (other.clone(), same.clone());
                async move { control::silent(&data, &process).await }.boxed_local()
            }),
        }
    };
    let all: Vec<_> = plan.units.iter().map(|unit| (unit.unit.clone(), unit.instance)).collect();
    let (ready, hangups) = (ready::of_all(config, &all), signals.hangups());
    up::up(plan, async || signals.asked().await, ready, watch, Some(socket), Some(hangups))
        .await
        .map_err(|error| Failure::other(format!("a unit can't be started: {error}")))
}

/// How `up` takes another config, for the units of `layouts`.
fn reloading(
    program: impl Program,
    config: &Config,
    layouts: &[UnitLayout],
    files: Files,
) -> up::Reloading {
    let topology = layouts.first().map(|layout| layout.topology.clone());
    let (began, data, catalogue) = (config.clone(), config.app.data.clone(), program.catalogue());
    let recorder = recorder(program.clone(), config, &files);
    let (parse, named) = (parser(program), files.clone());
    let next = move |source: &Source| {
        let config = parse(source)?;
        let fixed: Problems = began.unchangeable(&config).into_iter().collect();
        if !fixed.is_empty() {
            return Err(fixed);
        }
        // A topology that is gone has no say in what runs, nor in who is started anew.
        let layouts = config.layouts(topology.as_deref()).unwrap_or_default();
        Ok(up::Next {
            version: config.version().to_owned(),
            units: planned(&catalogue, &layouts, &named),
            drain: config.app.drain,
        })
    };
    up::Reloading { files, data, next: Box::new(next), recorder }
}

/// What starts the units of `layouts`.
fn plan(
    catalogue: &Catalogue,
    config: &Config,
    layouts: &[UnitLayout],
    accepted: Accepted,
    files: &Files,
    reloading: up::Reloading,
) -> Result<up::Plan, Failure> {
    let program = own_program()
        .map_err(|error| Failure::other(format!("this program can't find itself: {error}")))?;
    let topology = layouts.first().map(|layout| layout.topology.as_str()).unwrap_or_default();
    Ok(up::Plan {
        program,
        accepted,
        topology: layouts.first().map(|layout| layout.topology.clone()).unwrap_or_default(),
        units: planned(catalogue, layouts, files),
        drain: config.app.drain,
        grace: GRACE,
        json: config.log.format == LogFormat::Json,
        file: (config.log.keep > 0).then(|| {
            let process = control::socket_of(topology);
            LogFile::new(logs::folder(&config.app.data), process, Keep::new(config.log.keep))
        }),
        reloading: Some(reloading),
    })
}

/// The instances of a topology's units, each as `run --unit NAME --instance N`, so that `ps` names it.
fn planned(catalogue: &Catalogue, layouts: &[UnitLayout], files: &Files) -> Vec<up::Planned> {
    let arguments = |layout: &UnitLayout, instance: u16| {
        let mut arguments: Vec<OsString> = ["run", "--unit", &layout.unit].map(Into::into).into();
        if layout.instances > 1 {
            arguments.extend(["--instance".into(), instance.to_string().into()]);
        }
        arguments.extend(["--topology", &layout.topology].map(Into::into));
        if let Some(file) = &files.file {
            arguments.extend(["--config".into(), file.into()]);
        }
        if let Some(profile) = &files.profile {
            arguments.extend(["--profile", profile.name()].map(Into::into));
        }
        arguments.extend(parent::mark().map(Into::into));
        arguments
    };
    let all: Vec<(&UnitLayout, u16)> = layouts
        .iter()
        .flat_map(|layout| (0..layout.instances).map(move |instance| (layout, instance)))
        .collect();
    // Instances of a unit call each other, or nobody does: they stop together.
    let after = up::after(all.len(), |a, b| calls(catalogue, all[a].0, all[b].0));
    let planned = all.iter().zip(after).map(|(&(layout, instance), after)| up::Planned {
        unit: layout.unit.clone(),
        instance,
        several: layout.instances > 1,
        args: arguments(layout, instance),
        edge: None,
        after,
    });
    planned.collect()
}

/// Where this program lies, or what has been put in its place meanwhile: whatever is there is
/// started, so that a new build comes in by a restart.
fn own_program() -> io::Result<PathBuf> {
    let program = std::env::current_exe()?;
    let replaced = program.to_str().and_then(|path| path.strip_suffix(" (deleted)"));
    let replaced = replaced.map(PathBuf::from).filter(|_| !program.exists());
    Ok(replaced.unwrap_or(program))
}

/// Whether a unit calls another: a service of its needs one of the other's, or it may call any.
fn calls(catalogue: &Catalogue, caller: &UnitLayout, callee: &UnitLayout) -> bool {
    let needs = |service: &String, need: &String| {
        catalogue.service(service).is_some_and(|service| service.needs.contains(need))
    };
    callee.services.iter().any(|need| {
        caller.calls_any() || caller.services.iter().any(|service| needs(service, need))
    })
}

/// Runs a command's future on this thread, so that the death of `up`'s main thread, which the
/// kernel tells its children, is the death of `up`.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::other(format!("the runtime can't be started: {error}")))?;
    let done = tokio::task::LocalSet::new().block_on(&runtime, future);
    // Who is told to end at once doesn't wait for threads that block.
    runtime.shutdown_background();
    Ok(done)
}

/// Prints a command's answer. If nobody reads it (`status | head`), that is no failure.
fn print(text: String) -> Result<ExitCode, Failure> {
    match writeln!(io::stdout(), "{}", text.trim_end()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::other(error)),
        _ => Ok(ExitCode::SUCCESS),
    }
}
