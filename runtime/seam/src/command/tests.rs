//! Processes as they are: this test binary plays `up` and its units, told so by a variable.

use std::{
    fs,
    io::BufRead as _,
    process::{self, Stdio},
    sync::mpsc,
    time::Instant,
};

use rustix::process::{Pid, Signal, kill_process};
use seam_core::context::TraceContext;
use seam_telemetry::logs::{LogEntry, Query};
use serde_json::{
    Value as Json, json,
    value::{RawValue, to_raw_value},
};

use super::*;
use crate::{
    config::KnownService,
    services::{BusAnswer, BusAsk, BusRefusal},
    unit::{SeenAnswer, SeenAsk, Taken},
};

/// Which part this process plays.
const ROLE: &str = "SEAM_TEST_ROLE";
/// The folder of the test: its working directory, data and reports.
const FOLDER: &str = "SEAM_TEST_FOLDER";

/// order → payment; the units write what happens to them into files.
#[derive(Clone)]
struct Fake;

struct FakeUnit {
    unit: String,
    folder: PathBuf,
}

impl Program for Fake {
    type Unit = FakeUnit;

    fn catalogue(&self) -> Catalogue {
        let order = KnownService::new("order").needs(["payment"]);
        let services = vec![order, KnownService::new("payment")];
        Catalogue { app: "fake".into(), services, ..Catalogue::default() }
    }

    async fn start(
        self,
        _: Config,
        layout: UnitLayout,
        _: EdgeSockets,
    ) -> Result<FakeUnit, StartFailure> {
        let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
        let unit = layout.unit;
        fs::write(folder.join(format!("{unit}.pid")), std::process::id().to_string()).unwrap();
        if folder.join(format!("{unit}.refuse")).exists() {
            return Err(io::Error::other("it doesn't want to").into());
        }
        Ok(FakeUnit { unit, folder })
    }
}

impl Control for FakeUnit {
    async fn status(&self) -> UnitStatus {
        let (unit, pid) = (self.unit.clone(), std::process::id());
        UnitStatus { unit, topology: "split".into(), pid, ready: true, ..UnitStatus::default() }
    }

    async fn take(&self, config: &Config) -> Taken {
        Taken { version: config.version().to_owned(), ..Taken::default() }
    }

    async fn settle(&self) -> Vec<String> {
        Vec::new()
    }

    async fn bus(&self, _: BusAsk) -> Result<BusAnswer, BusRefusal> {
        Ok(BusAnswer::default())
    }

    async fn seen(&self, _: SeenAsk) -> Result<SeenAnswer, String> {
        Ok(SeenAnswer::Spans(Vec::new()))
    }

    async fn call(
        &self,
        service: String,
        method: String,
        args: Box<RawValue>,
        _: Option<Duration>,
        _: Option<TraceContext>,
    ) -> Result<Box<RawValue>, Json> {
        match method.as_str() {
            "flood" => {
                // On a thread of its own: this one says whether the process lives.
                let flood = || {
                    let line = "x".repeat(1 << 10);
                    (0..20_000).for_each(|number| tracing::info!(number, "{line}"));
                };
                tokio::task::spawn_blocking(flood).await.unwrap();
                Ok(to_raw_value(&Json::Null).unwrap())
            }
            "die" => {
                kill_process(rustix::process::getpid(), Signal::KILL).unwrap();
                std::future::pending().await
            }
            // It, and the process with it.
            "hang" => loop {
                std::thread::park();
            },
            "wait" => std::future::pending().await,
            "fail" => Err(json!({ "code": "overloaded", "outcome": "not_executed" })),
            _ => {
                let answer = json!({ "by": self.unit, "service": service, "args": args });
                Ok(to_raw_value(&answer).unwrap())
            }
        }
    }
}

impl Unit for FakeUnit {
    async fn stop(&self, _: Duration) {
        if self.folder.join(format!("{}.hang", self.unit)).exists() {
            fs::write(self.folder.join(format!("{}.hangs", self.unit)), "").unwrap();
            loop {
                std::thread::park();
            }
        }
        // Work in flight.
        tokio::time::sleep(Duration::from_millis(50)).await;
        fs::write(self.folder.join(format!("{}.done", self.unit)), "").unwrap();
    }
}

/// Not a test by itself: what the processes of the other tests run.
#[test]
fn play_a_role() {
    let Ok(role) = std::env::var(ROLE) else { return };
    std::env::set_current_dir(std::env::var(FOLDER).unwrap()).unwrap();
    let line = ["fake"].into_iter().chain(role.split(' ')).map(OsString::from);
    let cli = args::parse("fake", line).unwrap();
    let code = match cli.command {
        Some(Command::Up { topology }) => up_of_roles(topology),
        _ => command(Fake, cli),
    };
    fs::write(format!("{}.code", std::process::id()), format!("{code:?}")).unwrap();
}

/// `up`, with units that are told their role by the variable.
fn up_of_roles(topology: Option<String>) -> Result<ExitCode, Failure> {
    let source = Source::read(None)?;
    let config =
        Config::parse(&source.name, source.text.clone(), environment()?, &Fake.catalogue())?;
    let layouts = config.layouts(topology.as_deref())?;
    let accepted = Accepted::new(source);
    let files = Files::default();
    let reloading = reloading(Fake, &config, &layouts, files.clone());
    let mut plan = plan(&Fake.catalogue(), &config, &layouts, accepted, &files, reloading)?;
    let script = format!("{ROLE}=\"$*\" exec \"$0\" command::tests::play_a_role --exact");
    for unit in &mut plan.units {
        let args = ["-c".into(), script.clone().into(), plan.program.clone().into()];
        unit.args.splice(..0, args);
    }
    plan.program = "/bin/sh".into();
    let app = App::new(Fake, centre_of(Fake, &files, &environment()?), Scope::All);
    block_on(start_up(&config, &layouts, plan, app))?
}

/// A folder with an app.toml, and the processes started in it.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = "[units.front]\nservices = [\"order\"]\n\
                      [units.pay]\nservices = [\"payment\"]\nlisten = \"unix:pay.sock\"\n\
                      [topologies]\nsplit = [\"front\", \"pay\"]\n";
        fs::write(folder.path().join("app.toml"), config).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn play(&self, role: &str) -> Process {
        self.play_with(role, |_| {})
    }

    fn play_with(&self, role: &str, change: impl FnOnce(&mut process::Command)) -> Process {
        let mut process = process::Command::new(std::env::current_exe().unwrap());
        process.args(["command::tests::play_a_role", "--exact", "--nocapture"]);
        process.env(ROLE, role).env(FOLDER, self.folder.path());
        process.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        change(&mut process);
        Process(process.spawn().unwrap())
    }

    /// Lines of all units' files.
    fn logs(&self, query: &Query) -> Vec<LogEntry> {
        seam_telemetry::logs::query(&self.path("data/logs"), query)
    }

    /// What a call of the running app answers.
    fn call(&self, line: &str) -> Result<String, Failure> {
        let line = ["fake", "call"].into_iter().chain(line.split(' ')).map(OsString::from);
        let Some(Command::Call(args)) = args::parse("fake", line).unwrap().command else {
            panic!("no call")
        };
        block_on(call::call(&self.config(), &[], args)).unwrap()
    }

    /// What `drain` or `restart` comes to.
    fn replace(&self, line: &str) -> Result<ExitCode, Failure> {
        let config = self.config();
        let line = ["fake"].into_iter().chain(line.split(' ')).map(OsString::from);
        let (asked, json) = match args::parse("fake", line).unwrap().command {
            Some(Command::Drain(args)) => {
                (replace::Asked::drain(&config, &args.target)?, args.json)
            }
            Some(Command::Restart { args, rolling }) => {
                (replace::Asked::restart(&config, &args.target, rolling)?, args.json)
            }
            other => panic!("{other:?}"),
        };
        block_on(replace::replace(&config, asked, json)).unwrap()
    }

    /// What `status` shows of a unit.
    fn status_of(&self, unit: &str) -> Json {
        let text = block_on(status::status(&self.config(), true)).unwrap();
        let all: Vec<Json> = serde_json::from_str(&text.unwrap()).unwrap();
        all.into_iter().find(|status| status["unit"] == unit).unwrap_or_default()
    }

    /// The process that runs a unit now.
    fn pid(&self, unit: &str) -> Option<Pid> {
        let text = fs::read_to_string(self.path(&format!("{unit}.pid"))).ok()?;
        Pid::from_raw(text.parse().ok()?)
    }

    /// The processes of both units, once their control sockets answer.
    fn up(&self) -> (Pid, Pid) {
        eventually("both units run", || self.answers().len() == 2);
        (self.pid("front").unwrap(), self.pid("pay").unwrap())
    }

    /// The units that `status` shows.
    fn answers(&self) -> Vec<Json> {
        match block_on(status::status(&self.config(), true)).unwrap() {
            Ok(text) => serde_json::from_str::<Vec<Json>>(&text).unwrap(),
            Err(_) => Vec::new(),
        }
        .into_iter()
        .filter(|unit| unit["running"] == true)
        .collect()
    }

    fn config(&self) -> Config {
        let data = self.path("data").display().to_string();
        let env = [("SEAM__APP__DATA".to_owned(), data)];
        Config::load(Some(&self.path("app.toml")), env, &Fake.catalogue()).unwrap()
    }

    fn code(&self, pid: u32) -> String {
        fs::read_to_string(self.path(&format!("{pid}.code"))).unwrap_or_default()
    }
}

struct Process(process::Child);

impl Process {
    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.0), signal).unwrap();
    }

    fn ended(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[track_caller]
fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let patience = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < patience, "never: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// Whether a process runs: not gone, and not dead with nobody to fetch it.
fn lives(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn up_ends_its_units_with_their_work_done_and_code_0() {
    for signal in [Signal::INT, Signal::TERM] {
        let stage = Stage::new();
        let mut up = stage.play("up split");
        let (front, pay) = stage.up();
        up.signal(signal);
        eventually("up has ended", || up.ended());
        assert!(!lives(front) && !lives(pay));
        assert!(stage.path("front.done").exists() && stage.path("pay.done").exists());
        let code = format!("{:?}", Ok::<_, Failure>(ExitCode::SUCCESS));
        assert_eq!(stage.code(up.0.id()), code);
        assert_eq!(stage.code(front.as_raw_nonzero().get().cast_unsigned()), code);
    }
}

#[test]
fn no_unit_outlives_an_up_that_is_killed() {
    let stage = Stage::new();
    let up = stage.play("up");
    let (front, pay) = stage.up();
    up.signal(Signal::KILL);
    eventually("the units have ended", || !lives(front) && !lives(pay));
    assert!(stage.path("front.done").exists(), "they end in an orderly way even so");
}

#[test]
fn a_killed_unit_comes_back() {
    let stage = Stage::new();
    let _up = stage.play("up split");
    let (front, pay) = stage.up();
    kill_process(pay, Signal::KILL).unwrap();
    eventually("pay is another process", || stage.pid("pay").is_some_and(|pid| pid != pay));
    let (same, _) = stage.up();
    assert_eq!(front, same, "its neighbour never noticed");
}

#[test]
fn units_are_started_again_with_the_config_that_was_accepted() {
    let stage = Stage::new();
    let mut up = stage.play("up split");
    let (_, pay) = stage.up();
    let good = fs::read(stage.path("app.toml")).unwrap();
    fs::write(stage.path("app.toml"), "[units.pay\n").unwrap();
    kill_process(pay, Signal::KILL).unwrap();
    eventually("pay is another process", || stage.pid("pay").is_some_and(|pid| pid != pay));
    fs::write(stage.path("app.toml"), good).unwrap();
    stage.up();
    up.signal(Signal::TERM);
    eventually("up has ended", || up.ended());
}

#[test]
fn a_unit_in_several_topologies_is_one_of_that_which_runs() {
    let stage = Stage::new();
    let mut text = fs::read_to_string(stage.path("app.toml")).unwrap();
    text += "other = [\"pay\", \"lone\"]\n[units.lone]\nservices = [\"order\"]\n";
    fs::write(stage.path("app.toml"), text).unwrap();
    let refused = stage.play("run --unit pay --instance 7");
    let id = refused.0.id();
    eventually("it has said why", || stage.code(id).contains("e.g. `--topology other`"));
    assert!(stage.code(id).contains("code: 2"));
    let _up = stage.play("up other");
    eventually("both units run", || stage.answers().len() == 2);
    let _run = stage.play("run --unit pay --instance 7");
    eventually("it runs, too", || stage.answers().len() == 3);
}

#[test]
fn who_says_to_be_a_child_of_up_and_is_not_is_refused() {
    let stage = Stage::new();
    let run = stage.play("run --unit pay --up 1");
    let id = run.0.id();
    eventually("it has said why", || stage.code(id).contains("`up` says nothing"));
    assert!(stage.code(id).contains("code: 1"));
}

#[test]
fn a_drained_unit_stays_away_until_it_is_restarted() {
    let stage = Stage::new();
    let mut up = stage.play("up split");
    let (front, pay) = stage.up();
    stage.replace("drain pay").unwrap();
    assert!(!lives(pay) && stage.path("pay.done").exists(), "its work was done");
    let status = stage.status_of("pay");
    assert_eq!((&status["running"], &status["drained"]), (&json!(false), &json!(true)));
    stage.replace("drain front").unwrap();
    assert!(!lives(front));
    assert_eq!(stage.status_of("front")["drained"], true, "also if nobody is left");
    stage.replace("restart pay --rolling").unwrap();
    stage.replace("restart front.0").unwrap();
    let (another, again) = stage.up();
    assert!(another != front && again != pay);
    assert_eq!(stage.status_of("pay")["ready"], true);
    up.signal(Signal::TERM);
    eventually("up has ended", || up.ended());
    assert_eq!(stage.replace("drain pay").unwrap_err().code, 1, "no up runs");
}

#[test]
fn calls_go_to_the_unit_that_hosts_the_service() {
    let stage = Stage::new();
    let _up = stage.play("up split");
    stage.up();
    let call = |line: &str| stage.call(line);
    let answer: Json = serde_json::from_str(&call("payment.charge {\"a\":1}").unwrap()).unwrap();
    assert_eq!(answer, json!({ "by": "pay", "service": "payment", "args": { "a": 1 } }));
    let failure = call("order.fail").unwrap_err();
    assert_eq!((failure.code, failure.text.as_str()), (1, "overloaded (not executed)"));
    let failure = call("paymnt.charge").unwrap_err();
    assert_eq!(failure.code, 2);
    assert!(failure.text.ends_with("did you mean `payment`?"), "{}", failure.text);
}

#[test]
fn run_ends_with_its_work_done_and_code_0() {
    let stage = Stage::new();
    let mut run = stage.play("run --unit pay");
    eventually("it answers", || stage.answers().len() == 1);
    let twice = stage.play("run --unit pay");
    let id = twice.0.id();
    eventually("the second has said no", || stage.code(id).contains("already running"));
    run.signal(Signal::TERM);
    eventually("it has ended", || run.ended());
    assert!(stage.path("pay.done").exists());
    assert!(stage.code(run.0.id()).starts_with("Ok"));
    assert!(stage.answers().is_empty());
}

#[test]
fn a_unit_that_does_not_start_says_why() {
    let stage = Stage::new();
    fs::write(stage.path("pay.refuse"), "").unwrap();
    let run = stage.play("run --unit pay");
    let id = run.0.id();
    eventually("it has said why", || stage.code(id).contains("it doesn't want to"));
    assert!(stage.code(id).contains("code: 1"));
}

#[test]
fn a_wrong_config_starts_nothing() {
    let stage = Stage::new();
    fs::write(stage.path("app.toml"), "[app]\nx = 1\n").unwrap();
    let run = stage.play("run");
    let id = run.0.id();
    eventually("it has said why", || stage.code(id).contains("app.toml:2: unknown key"));
    assert!(stage.code(id).contains("code: 2"));
    assert!(!stage.path("data").exists());
}

/// What a process was told twice, more than half a second apart.
fn told_twice(process: &mut Process, signal: Signal) {
    process.signal(signal);
    std::thread::park_timeout(Duration::from_millis(600));
    process.signal(signal);
    let begun = Instant::now();
    eventually("it has ended", || process.ended());
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    assert_eq!(process.0.wait().unwrap().code(), Some(1));
}

#[test]
fn whoever_logs_does_not_wait_for_whoever_reads() {
    let stage = Stage::new();
    // Nobody reads this pipe until the calls are answered.
    let (reader, writer) = io::pipe().unwrap();
    let mut run = stage.play_with("run --unit pay", |process| {
        process.stderr(writer);
    });
    eventually("it answers", || stage.answers().len() == 1);
    stage.call("payment.flood --deadline 60s").unwrap();
    stage.call("payment.flood --deadline 60s").unwrap();
    let dropped = stage.answers()[0]["logLinesDropped"].as_u64().unwrap();
    assert!(dropped > 0);
    let (line, lines) = mpsc::channel();
    let read = std::thread::spawn(move || {
        for text in io::BufReader::new(reader).lines() {
            line.send(text.unwrap()).unwrap();
        }
    });
    let mut all = lines.iter();
    let told = format!("{dropped} lines were dropped");
    assert!(all.any(|line| line.contains(&told)), "of {dropped}, nothing is said");
    run.signal(Signal::TERM);
    eventually("it has ended", || run.ended());
    assert!(all.any(|line| line.ends_with("stopped")), "the last lines are lost");
    all.for_each(drop);
    read.join().unwrap();
}

#[test]
fn a_second_signal_ends_it_whatever_hangs() {
    for signal in [Signal::INT, Signal::TERM] {
        let stage = Stage::new();
        fs::write(stage.path("pay.hang"), "").unwrap();
        let (_stalled, writer) = io::pipe().unwrap();
        let mut run = stage.play_with("run --unit pay", |process| {
            process.stderr(writer);
        });
        eventually("it answers", || stage.answers().len() == 1);
        stage.call("payment.flood --deadline 60s").unwrap();
        told_twice(&mut run, signal);
        assert!(stage.path("pay.hangs").exists(), "it was told once, and tried");
    }
}

#[test]
fn units_do_not_wait_for_who_reads_what_up_says() {
    let stage = Stage::new();
    fs::write(stage.path("front.hang"), "").unwrap();
    let (_stalled, writer) = io::pipe().unwrap();
    let mut up = stage.play_with("up split", |process| {
        process.stderr(writer.try_clone().unwrap()).stdout(writer);
    });
    let (front, pay) = stage.up();
    stage.call("payment.flood --deadline 60s").unwrap();
    stage.call("order.flood --deadline 60s").unwrap();
    // They have written all of it: what was dropped, `up` has dropped.
    eventually("all is read", || {
        stage.call("payment.flood --deadline 60s").unwrap();
        stage.answers().len() == 2
    });
    told_twice(&mut up, Signal::TERM);
    eventually("its units have ended", || !lives(front) && !lives(pay));
}

#[test]
fn lines_of_up_are_json_objects_each() {
    let stage = Stage::new();
    let (reader, writer) = io::pipe().unwrap();
    let mut up = stage.play_with("up split", |process| {
        process.env("SEAM__LOG__FORMAT", "json").stderr(writer);
    });
    stage.up();
    let read = std::thread::spawn(move || io::read_to_string(reader).unwrap());
    up.signal(Signal::TERM);
    eventually("up has ended", || up.ended());
    let text = read.join().unwrap();
    let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |unit: &str| lines.iter().filter(|line| line["unit"] == unit).count();
    assert!(of("up") > 0 && of("front") > 0 && of("pay") > 0, "{text}");
    assert_eq!(of("up") + of("front") + of("pay"), lines.len());

    // The same lines are in the files, which `logs` reads, whether anybody runs or not.
    let kept = stage.logs(&Query::default());
    let mut expected: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut found: Vec<String> = kept.iter().map(ToString::to_string).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    assert!(kept.is_sorted_by_key(|entry| entry.at().to_owned()));
}

#[test]
fn the_lines_of_who_was_killed_and_of_who_could_not_start_are_kept() {
    let stage = Stage::new();
    let mut up = stage.play("up split");
    stage.up();
    let of = |unit: &str, text: &str| {
        let query = Query { unit: Some(unit.into()), grep: Some(text.into()), ..Query::default() };
        stage.logs(&query).len()
    };
    eventually("`up` has said so", || of("up", "ready") == 1);
    assert!(stage.call("payment.die").is_err());
    // Its own lines, and what `up` says of it.
    eventually("it is back", || of("pay", "ready") == 2);
    assert_eq!((of("pay", "starting it again"), of("front", "starting it again")), (1, 0));
    fs::write(stage.path("pay.refuse"), "").unwrap();
    let _ = stage.call("payment.die");
    eventually("it has said why", || of("pay", "it doesn't want to") > 0);
    up.signal(Signal::TERM);
    eventually("up has ended", || up.ended());
}

#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStringExt as _;
    let stage = Stage::new();
    let value = OsString::from_vec(b"/tmp/\xff".to_vec());
    let run = stage.play_with("run --unit pay", |process| {
        process.env("SEAM__APP__DATA", value).env("OTHER", OsString::from_vec(vec![0xff]));
    });
    let id = run.0.id();
    eventually("it has said why", || stage.code(id).contains("SEAM__APP__DATA: "));
    assert!(stage.code(id).contains("code: 2"));
    assert!(!stage.code(id).contains("OTHER"));
}

/// What `work` comes to, which takes no longer than `most`.
#[track_caller]
fn within<T>(most: Duration, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let value = work();
    assert!(begun.elapsed() <= most, "it took {:?}", begun.elapsed());
    value
}

#[test]
fn a_unit_that_is_frozen_holds_up_neither_status_nor_calls() {
    let stage = Stage::new();
    // Without `up`, which would kill it in time.
    let _front = stage.play("run --unit front");
    let _pay = stage.play("run --unit pay");
    let (front, pay) = stage.up();
    let freeze = |pid: Pid| {
        kill_process(pid, Signal::STOP).unwrap();
        eventually("it is frozen", || {
            let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()));
            stat.unwrap().contains(") T ")
        });
    };
    freeze(pay);
    let most = Duration::from_secs(5);
    let answers = within(most, || stage.answers());
    let ready = |unit: &&Json| unit["ready"] == true;
    assert_eq!((answers.len(), answers.iter().filter(ready).count()), (2, 1));
    let silent = answers.iter().find(|unit| unit["unit"] == "pay").unwrap();
    assert_eq!(silent["pid"], pay.as_raw_nonzero().get());

    // Who answers passes it on, or says why not.
    let answer = within(most, || stage.call("payment.charge {\"a\":1}")).unwrap();
    let answer: Json = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["by"], "front");
    freeze(front);
    let failure = within(most, || stage.call("payment.charge {} --json")).unwrap_err();
    assert_eq!((failure.code, failure.answer), (1, true));
    let problem: Json = serde_json::from_str(&failure.text).unwrap();
    assert_eq!(
        (&problem["code"], &problem["outcome"]),
        (&json!("unavailable"), &json!("not_executed"))
    );
    kill_process(pay, Signal::CONT).unwrap();
    kill_process(front, Signal::CONT).unwrap();
}

#[test]
fn a_call_that_hangs_ends_with_an_unknown_outcome() {
    let most = Duration::from_secs(5);
    for (method, deadline) in
        [("hang", ""), ("hang", " --deadline 30s"), ("wait", " --deadline 300ms")]
    {
        let stage = Stage::new();
        let _pay = stage.play("run --unit pay");
        eventually("it answers", || stage.answers().len() == 1);
        let call = format!("payment.{method} {{}} --json{deadline}");
        let failure = within(most, || stage.call(&call)).unwrap_err();
        assert_eq!((failure.code, failure.answer), (1, true));
        let problem: Json = serde_json::from_str(&failure.text).unwrap();
        assert_eq!((&problem["outcome"], &problem["status"]), (&json!("unknown"), &json!(504)));
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("unit `pay` took the call and doesn't answer in"), "{detail}");
    }
}
