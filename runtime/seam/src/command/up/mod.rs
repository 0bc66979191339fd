//! `up`: the units of a topology as processes side by side.

mod accepted;
mod child;
mod crew;
mod edge;
mod instance;
mod life;
mod lines;
mod object;
mod order;
mod orders;
mod prefix;
mod reloader;
mod restart;
mod roster;
mod stopping;

use std::{ffi::OsString, io, path::PathBuf, pin::pin, process::ExitCode, time::Duration};

use futures_util::FutureExt as _;
use seam_telemetry::logs::{Level, LogFile};
use tokio::sync::{mpsc, watch};

pub(in crate::command) use self::{
    accepted::Accepted,
    child::Watch,
    edge::EdgeSocket,
    order::after,
    prefix::Prefix,
    reloader::{Next, Reloading},
};
use self::{
    child::{Child, Ended},
    crew::Crew,
    lines::Streams,
    reloader::Reloader,
    roster::Roster,
};
use super::{colour, control::ControlSocket, logs::Origin, ready};

/// How long the last lines may take to be read at the end.
const LAST_LINES: Duration = Duration::from_millis(500);
/// Changes of who is there wait for so short a time that a few have room.
const CHANGES: usize = 8;

/// What to start and how to end it.
pub(super) struct Plan {
    /// The program, usually this one.
    pub(super) program: PathBuf,
    /// The config that it is started with.
    pub(super) accepted: Accepted,
    /// The topology that the units are of.
    pub(super) topology: String,
    /// What to start, in order.
    pub(super) units: Vec<Planned>,
    /// How long work in flight may take to end.
    pub(super) drain: Duration,
    /// How much longer all units together may take to stop before they are killed.
    pub(super) grace: Duration,
    /// Whether log lines are JSON objects.
    pub(super) json: bool,
    /// Where what `up` itself says is kept.
    pub(super) file: Option<LogFile>,
    /// How another config is taken; without it, none is.
    pub(super) reloading: Option<Reloading>,
}

/// An instance of a unit, in a [`Plan`].
#[derive(Clone, Debug)]
pub(super) struct Planned {
    /// Its unit.
    pub(super) unit: String,
    /// Which of the unit's processes it is.
    pub(super) instance: u16,
    /// Whether the unit has several.
    pub(super) several: bool,
    /// The arguments that start it.
    pub(super) args: Vec<OsString>,
    /// Where the unit serves HTTP, if it does.
    pub(super) edge: Option<EdgeSocket>,
    /// The units that must have ended before it is told to stop, by number.
    pub(super) after: Vec<usize>,
}

impl Planned {
    /// Whose its lines are.
    fn origin(&self) -> Origin {
        Origin { unit: self.unit.clone(), instance: self.several.then_some(self.instance) }
    }
}

/// Starts every unit and keeps it running until `stop` is done; then ends them, those that call
/// others first, so that work in flight is done. If `stop` is done a second time, all are killed.
/// What `all_ready` comes to is said once; `watch` says how a unit's process is watched. Orders are
/// taken from `socket`. Each of `hangups` has the config file read anew; without them it isn't watched.
///
/// Ends with exit code 2 if a unit does so at its first start: its config is wrong.
///
/// # Errors
/// A unit's process can't be started at all.
pub(super) async fn up(
    plan: Plan,
    mut stop: impl AsyncFnMut(),
    all_ready: impl Future<Output = String>,
    watch: impl Fn(&Planned) -> Watch,
    socket: Option<ControlSocket>,
    hangups: Option<watch::Receiver<u64>>,
) -> io::Result<ExitCode> {
    let names = plan.units.iter().map(|unit| unit.origin().name().len());
    let width = names.max().unwrap_or(0).max(2);
    let colour = colour::wanted();
    let prefix = |origin: Origin, index, colour| match plan.json {
        true => Prefix::json(origin),
        false => Prefix::text(origin, index, width, colour),
    };
    let own = prefix(Origin::of_up(), plan.units.len(), false);
    let kept = plan.file.map(|file| Origin::of_up().output(file)).transpose()?;
    let streams = Streams::open(&own, kept)?;
    let say = |text: &str| streams.say(&own, Level::Info, text);
    let mut all_ready = pin!(all_ready.fuse());
    let (change, mut changes) = mpsc::channel(CHANGES);
    let accepted = plan.accepted;
    let reloader = plan
        .reloading
        .map(|reloading| Reloader::new(reloading, accepted.clone(), change, plan.grace));
    let roster = Roster::new(Vec::new(), plan.drain + plan.grace, reloader);
    let make = |unit: &Planned, index: usize| Child {
        program: plan.program.clone(),
        args: unit.args.clone(),
        instance: unit.instance,
        later: false,
        accepted: accepted.clone(),
        edge: unit.edge.clone(),
        prefix: prefix(unit.origin(), index, colour),
        streams: streams.clone(),
        watch: watch(unit),
    };
    let mut crew = Crew::new(roster.clone(), make);
    crew.start(plan.units);
    // Another config may give them another time.
    let (grace, drain) = (plan.grace, || roster.patience().saturating_sub(plan.grace));
    let serving = async {
        match socket {
            Some(socket) => orders::serve(socket, roster.clone()).await,
            None => std::future::pending().await,
        }
    };
    let watching = async {
        match hangups {
            Some(hangups) => roster.watch(hangups, &say).await,
            None => std::future::pending().await,
        }
    };
    let (mut serving, mut watching) = (pin!(serving), pin!(watching));
    let mut code = ExitCode::SUCCESS;
    let mut failure = None;
    loop {
        let stopping = crew.stopping.since.is_some();
        tokio::select! {
            never = &mut serving => match never {},
            () = &mut watching, if !stopping => {}
            Some(change) = changes.recv(), if !stopping => crew.change(change),
            () = stop() => match stopping {
                false => {
                    say(&ready::stopping(drain()));
                    crew.stopping.begin(drain(), grace);
                }
                true => {
                    say("told to stop again: what was in flight is left undone");
                    code = ExitCode::FAILURE;
                    crew.stopping.kill();
                }
            },
            text = &mut all_ready, if !stopping => say(&text),
            () = crew.stopping.patience(drain()) => crew.stopping.tell_all(),
            ended = crew.units.join_next() => match ended {
                None => break,
                Some(Ok((index, _))) if crew.stopping.units[index].retired => {
                    crew.stopping.ended(index);
                }
                Some(Ok((index, ended))) => {
                    match ended {
                        Ok(Ended::Stopped) => {}
                        Ok(Ended::BadConfig) => code = ExitCode::from(2),
                        Err(error) => failure = Some(error),
                    }
                    crew.stopping.begin(drain(), grace);
                    crew.stopping.ended(index);
                }
                Some(Err(panic)) => {
                    failure = Some(io::Error::other(panic));
                    crew.stopping.begin(drain(), grace);
                    crew.stopping.tell_all();
                }
            }
        }
    }
    streams.flush(LAST_LINES);
    failure.map_or(Ok(code), Err)
}

#[cfg(test)]
mod tests {
    use std::{fs, future::pending, path::Path, time::Instant};

    use tokio::{
        sync::Notify,
        task::LocalSet,
        time::{sleep, timeout},
    };

    use super::*;
    use crate::config::Source;

    /// Units that are shell scripts; `$0` is a file to report to.
    fn plan(file: &Path, scripts: &[&str]) -> Plan {
        let unit = |(index, script): (usize, &&str)| Planned {
            unit: format!("unit{index}"),
            instance: 0,
            several: false,
            args: ["-c".into(), script.into(), file.into()].into(),
            edge: None,
            after: Vec::new(),
        };
        Plan {
            program: "/bin/sh".into(),
            accepted: Accepted::new(Source::of("app.toml", "")),
            topology: "test".into(),
            units: scripts.iter().enumerate().map(unit).collect(),
            drain: Duration::from_secs(5),
            grace: Duration::from_secs(5),
            json: false,
            file: None,
            reloading: None,
        }
    }

    /// Runs `up` until `enough` of the file's text; gives the exit code.
    async fn until(
        scripts: &[&str],
        enough: impl Fn(&str) -> bool,
    ) -> (io::Result<ExitCode>, String) {
        until_with(|plan| plan, scripts, &[&enough]).await
    }

    /// As `until_watched`, with nobody who watches.
    async fn until_with(
        change: impl Fn(Plan) -> Plan,
        scripts: &[&str],
        enough: &[&dyn Fn(&str) -> bool],
    ) -> (io::Result<ExitCode>, String) {
        until_watched(change, |_| Watch::nothing(), scripts, enough).await
    }

    /// As `until`, by a changed plan; told to stop whenever one of `enough` holds.
    async fn until_watched(
        change: impl Fn(Plan) -> Plan,
        watch: impl Fn(&Planned) -> Watch,
        scripts: &[&str],
        enough: &[&dyn Fn(&str) -> bool],
    ) -> (io::Result<ExitCode>, String) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let stop = Notify::new();
        let plan = change(plan(&file, scripts));
        let running = LocalSet::new();
        let up = up(plan, async || stop.notified().await, pending(), watch, None, None);
        let told = async {
            for enough in enough {
                while !enough(&fs::read_to_string(&file).unwrap()) {
                    sleep(Duration::from_millis(5)).await;
                }
                stop.notify_one();
            }
            pending().await
        };
        let patience = Duration::from_secs(20);
        let up = running.run_until(async {
            tokio::select! { code = up => code, () = told => unreachable!() }
        });
        let code = timeout(patience, up).await.expect("it took too long");
        (code, fs::read_to_string(&file).unwrap())
    }

    fn same(code: io::Result<ExitCode>, expected: ExitCode) {
        assert_eq!(format!("{:?}", code.unwrap()), format!("{expected:?}"));
    }

    #[tokio::test]
    async fn a_unit_that_dies_is_started_again_and_its_neighbour_lives() {
        let dies = "echo died >> $0; kill -9 $$";
        let lives = "echo lives >> $0; trap 'exit 0' TERM; while :; do sleep 0.01; done";
        let (code, text) = until(&[dies, lives], |text| text.matches("died").count() >= 3).await;
        same(code, ExitCode::SUCCESS);
        assert_eq!(text.matches("lives").count(), 1, "{text}");
    }

    #[tokio::test]
    async fn a_unit_that_is_silent_is_killed_and_started_again() {
        let hangs = "trap '' TERM; echo up >> $0; while :; do sleep 0.01; done";
        let soon = || tokio::time::sleep(Duration::from_millis(50)).boxed_local();
        let silent = |_: &Planned| Watch { silent: Box::new(soon), ..Watch::nothing() };
        let short = |plan| Plan { drain: Duration::ZERO, grace: Duration::from_millis(50), ..plan };
        let enough = |text: &str| text.matches("up").count() == 3;
        let (code, _) = until_watched(short, silent, &[hangs], &[&enough]).await;
        same(code, ExitCode::SUCCESS);
    }

    #[tokio::test]
    async fn units_end_in_their_own_time_and_the_exit_code_is_0() {
        let script = "trap 'echo done >> $0; exit 0' TERM; echo up >> $0; \
                      while :; do sleep 0.01; done";
        let (code, text) = until(&[script, script], |text| text.matches("up").count() == 2).await;
        same(code, ExitCode::SUCCESS);
        assert_eq!(text.matches("done").count(), 2, "{text}");
    }

    #[tokio::test]
    async fn a_unit_that_does_not_stop_is_killed_with_its_children() {
        let script = "trap '' TERM; sleep 60 & echo $! >> $0; echo up >> $0; wait; wait; sleep 60";
        let begun = Instant::now();
        let short = |plan| Plan { drain: Duration::ZERO, grace: Duration::from_millis(50), ..plan };
        let (code, text) = until_with(short, &[script], &[&|text| text.contains("up")]).await;
        same(code, ExitCode::SUCCESS);
        assert!(begun.elapsed() < Duration::from_secs(20));
        let grandchild = text.lines().next().unwrap();
        let state = fs::read_to_string(format!("/proc/{grandchild}/stat"));
        // Gone, or dead and not yet fetched by whoever inherits it.
        assert!(state.is_err() || state.unwrap().contains(") Z "), "it lives on");
    }

    /// A unit that says when it is told to stop, and has ended a little later.
    fn slow(name: &str) -> String {
        format!(
            "trap 'echo {name} told >> $0; sleep 0.1; echo {name} ends >> $0; exit 0' TERM; \
             echo up >> $0; while :; do sleep 0.01; done"
        )
    }

    fn chained(mut plan: Plan) -> Plan {
        // The last unit calls the one before, and so on.
        let units = plan.units.len();
        for (unit, after) in after(units, |a, b| a == b + 1).into_iter().enumerate() {
            plan.units[unit].after = after;
        }
        plan
    }

    #[tokio::test]
    async fn who_is_called_stops_after_those_that_call() {
        let scripts = ["ledger", "pay", "front"].map(slow);
        let scripts: Vec<_> = scripts.iter().map(String::as_str).collect();
        let up = |text: &str| text.matches("up").count() == 3;
        let (code, text) = until_with(chained, &scripts, &[&up]).await;
        same(code, ExitCode::SUCCESS);
        let order: Vec<_> = text.lines().filter(|line| *line != "up").collect();
        let expected =
            ["front told", "front ends", "pay told", "pay ends", "ledger told", "ledger ends"];
        assert_eq!(order, expected);
    }

    #[tokio::test]
    async fn a_caller_that_does_not_stop_takes_no_time_from_who_is_called() {
        let stubborn = "trap '' TERM; echo up >> $0; while :; do sleep 0.01; done";
        let scripts = [&slow("pay"), stubborn];
        let change = |plan| chained(Plan { drain: Duration::from_millis(100), ..plan });
        let change = |plan| Plan { grace: Duration::from_secs(2), ..change(plan) };
        let up = |text: &str| text.matches("up").count() == 2;
        let (code, text) = until_with(change, &scripts, &[&up]).await;
        same(code, ExitCode::SUCCESS);
        assert!(text.contains("pay ends"), "{text}");
    }

    #[tokio::test]
    async fn told_twice_it_ends_at_once_with_1() {
        let stubborn = "trap 'echo told >> $0' TERM; echo up >> $0; while :; do sleep 0.01; done";
        let enough: [&dyn Fn(&str) -> bool; 2] =
            [&|text| text.contains("up"), &|text| text.contains("told")];
        let begun = Instant::now();
        let (code, _) = until_with(|plan| plan, &[stubborn], &enough).await;
        same(code, ExitCode::FAILURE);
        assert!(begun.elapsed() < Duration::from_secs(4), "it didn't wait for its drain");
    }

    #[tokio::test]
    async fn a_wrong_config_ends_them_all_with_2() {
        let lives = "trap 'exit 0' TERM; while :; do sleep 0.01; done";
        let (code, _) = until(&["exit 2", lives], |_| false).await;
        same(code, ExitCode::from(2));
    }

    #[tokio::test]
    async fn a_program_that_is_not_there() {
        let program = PathBuf::from("/no/such/program");
        let plan = Plan { program, ..plan(Path::new("x"), &[""]) };
        let running = LocalSet::new();
        let up = up(plan, async || pending().await, pending(), |_| Watch::nothing(), None, None);
        let error = running.run_until(up).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
