//! One run: time goes on step by step, faults befall whom they befall, and in the end all is well.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::rc::Rc;
use std::sync::{Arc, Once};
use std::time::Duration;

use seam_store::Memory;
use seam_store::engine::{Engine, Fault as DiskFault};
use turmoil::{Builder, Sim};

use crate::check::{check, rows};
use crate::faults::Fault;
use crate::hosts::{Host, Shared, State};
use crate::scenario::{SLOWEST, Scenario};
use crate::services::Planned;
use crate::world::{self, Millis, Window, World};

/// Within so long after the last fault all is to be answered again.
const PATIENCE: Millis = 12_000;
/// After so long a process that is silent is killed, and starts again.
const SILENT: Millis = 4_000;
const AGAIN: Millis = 300;
/// A gap beyond this is a standstill, to the process that has stood still.
const STANDSTILL: Millis = 2_000;

/// A mistake that is made on purpose, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plant {
    /// Who calls tries again what isn't idempotent and whose outcome is unknown.
    RetryUnknown,
    /// The lock of a database is free once its owner stands still.
    LooseLock,
    /// A process that has stood still doesn't notice.
    Unnoticed,
    /// An append is acknowledged before it is on disk.
    EarlyAnswer,
}

/// How a run is made.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Whether what happens is told, line by line.
    pub trace: bool,
    /// What is done wrong on purpose.
    pub plant: Option<Plant>,
}

/// How much there was of everything, in a run or in many.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls by how they ended.
    pub calls: BTreeMap<&'static str, u64>,
    /// Turns that ran.
    pub turns: u64,
    /// Rows on the ledger's disk.
    pub rows: u64,
    /// What befell processes and the network.
    pub faults: u64,
    /// How often a process began to own the ledger.
    pub takeovers: u64,
    /// Simulated milliseconds.
    pub millis: u64,
}

impl AddAssign<&Self> for Counts {
    fn add_assign(&mut self, other: &Self) {
        for (word, count) in &other.calls {
            *self.calls.entry(word).or_default() += count;
        }
        self.turns += other.turns;
        self.rows += other.rows;
        self.faults += other.faults;
        self.takeovers += other.takeovers;
        self.millis += other.millis;
    }
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Which one it was.
    pub seed: u64,
    /// What happened, if that was asked for.
    pub trace: String,
    /// What didn't hold; nothing in a good run.
    pub violations: Vec<String>,
    /// How much of everything there was.
    pub counts: Counts,
}

/// Makes the run of a seed, on a thread of its own: what a thread remembers of another run would show.
pub fn run(seed: u64, options: Options) -> Report {
    mind_panics();
    let thread = std::thread::Builder::new().name(SIMULATED.to_owned()).stack_size(16 << 20);
    let ran =
        thread.spawn(move || on_this_thread(seed, options)).map(std::thread::JoinHandle::join);
    let failed = |why: String| Report { seed, violations: vec![why], ..Report::default() };
    match ran {
        Ok(Ok(report)) => report,
        Ok(Err(panic)) => failed(format!("the run itself panicked: {}", message(&*panic))),
        Err(error) => failed(format!("no thread for it: {error}")),
    }
}

fn on_this_thread(seed: u64, options: Options) -> Report {
    // Whatever is drawn at random in a unit follows from this.
    fastrand::seed(seed);
    let mut course = Course::new(Scenario::draw(seed), options);
    let end = course.go();
    let Course { sim, shared, .. } = course;
    // All processes with it, and with them their hold on the database.
    drop(sim);
    shared.memory.shut();
    let mut world = world::with(std::mem::take);
    world.violations.extend(end.err());
    world.violations.extend(PANICS.take());
    let rows = rows(&shared.memory, world.calls.len()).unwrap_or_else(|why| {
        world.violations.push(why);
        BTreeMap::new()
    });
    world.violations.extend(check(&world, &shared.scenario, &rows));
    report(world, seed, rows.len() as u64)
}

fn report(world: World, seed: u64, rows: u64) -> Report {
    let mut calls = BTreeMap::new();
    for made in &world.calls {
        let word = made.ended.map_or("caller gone", |(_, end)| end.word());
        *calls.entry(word).or_default() += 1;
    }
    let mut trace = world.trace.unwrap_or_default();
    for violation in &world.violations {
        trace += &format!("VIOLATED  {violation}\n");
    }
    let counts = Counts {
        calls,
        turns: world.turns.len() as u64,
        rows,
        faults: world.faults,
        takeovers: world.takeovers,
        millis: world.now,
    };
    Report { seed, trace, violations: world.violations, counts }
}

/// What is still to come.
#[derive(Debug, Clone, Copy)]
enum Step {
    Begin(Fault),
    /// A process starts again.
    Start(usize),
    /// A process goes on that stands still since then.
    Thaw(usize, Millis),
    /// A process that stands still since then is killed.
    Kill(usize, Millis),
    /// The network between two is as it was.
    Mend(usize, usize),
}

struct Course {
    sim: Sim<'static>,
    hosts: Vec<Rc<Host>>,
    shared: Rc<Shared>,
    now: Millis,
    /// What is to come, the next one last.
    steps: Vec<(Millis, Step)>,
}

impl Course {
    fn new(scenario: Scenario, options: Options) -> Self {
        let Scenario { seed, tick, latency, .. } = scenario;
        let mut sim = Builder::new()
            .rng_seed(seed)
            .epoch(std::time::UNIX_EPOCH)
            .tick_duration(Duration::from_millis(tick))
            .simulation_duration(Duration::MAX)
            .min_message_latency(Duration::from_millis(latency.0))
            .max_message_latency(Duration::from_millis(latency.1))
            .tcp_capacity(4_096)
            .enable_random_order()
            .build();
        let names: Vec<_> = scenario.processes.iter().map(|process| process.name.clone()).collect();
        let mut steps: Vec<_> =
            scenario.faults.iter().map(|(at, fault)| (*at, Step::Begin(*fault))).collect();
        steps.reverse();
        world::with(|world| {
            world.trace = options.trace.then(String::new);
            world.plant = options.plant;
            world.launches = vec![0; names.len()];
            world.names = names;
            world.tell(format_args!("{scenario:?}"));
        });
        let ports = Arc::new(scenario.ports());
        let memory = Memory::new();
        memory.next([Some(DiskFault::Late)]);
        let shared = Rc::new(Shared { scenario, ports, memory, plant: options.plant });
        let number = 0..shared.scenario.processes.len();
        let hosts: Vec<_> = number.map(|number| Rc::new(Host::new(number, &shared))).collect();
        for host in &hosts {
            let software = Rc::clone(host);
            sim.host(host.process.name.as_str(), move || {
                let run = Rc::clone(&software).run();
                async {
                    run.await;
                    Ok(())
                }
            });
        }
        Self { sim, hosts, shared, now: 0, steps }
    }

    /// Goes on until every caller has been answered everything.
    fn go(&mut self) -> Result<(), String> {
        let Scenario { tick, calm, disk, .. } = self.shared.scenario;
        let mut count = 0;
        let mut healed = false;
        loop {
            if !healed && self.now >= calm {
                self.heal();
                healed = true;
            }
            while self.steps.last().is_some_and(|(at, _)| *at <= self.now) {
                let Some((_, step)) = self.steps.pop() else { break };
                self.step(step);
            }
            for host in &self.hosts {
                if !matches!(host.state.get(), State::Frozen(_)) {
                    host.clock.advance(Duration::from_millis(tick));
                }
            }
            count += 1;
            if count % disk == 0 {
                self.commit();
            }
            self.sim.step().map_err(|error| format!("the simulation fails: {error}"))?;
            self.now += tick;
            let now = self.now;
            let content = world::with(|world| {
                world.now = now;
                world.content.len()
            });
            for host in self.hosts.clone() {
                if host.state.get() == State::Ended {
                    self.crash(host.number);
                }
            }
            if healed && content == self.hosts.iter().filter(|host| host.process.calls).count() {
                return Ok(());
            }
            if now > calm + PATIENCE {
                let missing = world::with(|world| format!("{:?}", world.missing));
                return Err(format!(
                    "{PATIENCE} ms after the last fault not all is answered: {missing}"
                ));
            }
        }
    }

    /// What waits for the disk is on it, unless the process that wants it stands still.
    fn commit(&self) {
        let owner = world::with(|world| world.owner);
        let still = owner
            .is_some_and(|owner| matches!(self.hosts[owner.host].state.get(), State::Frozen(_)));
        if !still && self.shared.memory.release() {
            self.shared.memory.next([Some(DiskFault::Late)]);
        }
    }

    fn plan(&mut self, after: Millis, step: Step) {
        let at = self.now + after;
        let place = self.steps.partition_point(|(other, _)| *other > at);
        self.steps.insert(place, (at, step));
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Begin(fault) => self.begin(fault),
            Step::Start(host) => self.start(host),
            Step::Thaw(host, since) => self.thaw(host, since),
            Step::Kill(host, since) => {
                if self.hosts[host].state.get() == State::Frozen(since) {
                    self.crash(host);
                    self.plan(AGAIN, Step::Start(host));
                }
            }
            Step::Mend(a, b) => self.mend(a, b),
        }
    }

    fn begin(&mut self, fault: Fault) {
        let now = self.now;
        world::with(|world| {
            let what = fault.describe(&world.names);
            world.faults += 1;
            world.tell(format_args!("FAULT     {what}"));
        });
        let window =
            |for_: Millis| Window { from: now, until: now + for_, still: None, late: false };
        let mut windows = Vec::new();
        match fault {
            Fault::Crash(host, for_) => {
                windows.push(window(for_));
                if self.hosts[host].state.get() != State::Down {
                    self.crash(host);
                    self.plan(for_, Step::Start(host));
                }
            }
            Fault::Restart(number, for_) => {
                windows.push(window(for_));
                let host = &self.hosts[number];
                // Callers are asked for nothing: what they do can't be finished.
                if host.state.get() == State::Up && !host.process.calls {
                    host.drain();
                    self.plan(for_, Step::Start(number));
                }
            }
            Fault::Freeze(number, for_) => {
                let host = &self.hosts[number];
                if host.state.get() == State::Up {
                    let for_ = for_.min(SILENT);
                    windows.push(Window { still: Some(number), ..window(for_) });
                    host.state.set(State::Frozen(now));
                    host.gate.shut();
                    let then = match for_ {
                        SILENT => Step::Kill(number, now),
                        _ => Step::Thaw(number, now),
                    };
                    self.plan(for_, then);
                    if self.shared.plant == Some(Plant::LooseLock)
                        && world::with(|world| {
                            world.owner.is_some_and(|owner| owner.host == number)
                        })
                    {
                        self.shared.memory.shut();
                    }
                }
            }
            Fault::Partition(a, b, for_) => {
                windows.push(window(for_));
                self.sim.partition(self.name(a), self.name(b));
                self.plan(for_, Step::Mend(a, b));
            }
            Fault::OneWay(a, b, for_) => {
                windows.push(window(for_));
                self.sim.partition_oneway(self.name(a), self.name(b));
                self.plan(for_, Step::Mend(a, b));
            }
            Fault::Isolation(host, for_) => {
                windows.push(window(for_));
                for other in (0..self.hosts.len()).filter(|other| *other != host) {
                    self.sim.partition(self.name(host), self.name(other));
                    self.plan(for_, Step::Mend(host, other));
                }
            }
            Fault::Hold(a, b, for_) => {
                windows.push(Window { late: true, ..window(for_) });
                self.sim.hold(self.name(a), self.name(b));
                self.plan(for_, Step::Mend(a, b));
            }
            Fault::Slow(a, b, way, for_) => {
                windows.push(Window { late: true, ..window(for_ + way) });
                self.sim.set_link_latency(self.name(a), self.name(b), Duration::from_millis(way));
                self.plan(for_, Step::Mend(a, b));
            }
            Fault::Flaky(a, b, for_) => {
                windows.push(window(for_));
                let (one, other) = (self.name(a), self.name(b));
                self.sim.set_link_fail_rate(one, other, 0.02);
                self.plan(for_, Step::Mend(a, b));
            }
        }
        world::with(|world| world.windows.append(&mut windows));
    }

    fn name(&self, host: usize) -> String {
        self.hosts[host].process.name.clone()
    }

    fn crash(&mut self, number: usize) {
        let host = Rc::clone(&self.hosts[number]);
        host.state.set(State::Down);
        let owned = world::with(|world| world.owner.is_some_and(|owner| owner.host == number));
        self.sim.crash(host.process.name.as_str());
        host.gate.open();
        if owned {
            // As the system takes a lock from who is gone, whatever of it is left in memory.
            self.shared.memory.shut();
        }
        if host.process.unit == "keep" {
            // The commit that was on its way has been the last to come late.
            self.shared.memory.next([Some(DiskFault::Late)]);
        }
        world::with(|world| {
            let name = &host.process.name;
            world.tell(format_args!("{name} is gone"));
            world.gone(number);
        });
    }

    fn start(&mut self, number: usize) {
        let host = Rc::clone(&self.hosts[number]);
        if matches!(host.state.get(), State::Draining) {
            // It takes too long.
            self.crash(number);
        }
        if host.state.get() == State::Down {
            host.state.set(State::Up);
            self.sim.bounce(host.process.name.as_str());
        }
    }

    fn thaw(&self, number: usize, since: Millis) {
        let host = &self.hosts[number];
        if host.state.get() != State::Frozen(since) {
            return;
        }
        let stood = self.now - since;
        world::with(|world| {
            world.tell(format_args!("{} goes on", host.process.name));
            let own = |window: &&mut Window| window.still == Some(number) && window.from == since;
            if let Some(window) = world.windows.iter_mut().find(own) {
                window.until = since + stood;
                window.late = stood <= STANDSTILL;
            }
        });
        host.state.set(State::Up);
        // Who notices that it stood still serves nothing of before.
        let time = Duration::from_millis(stood);
        if stood > STANDSTILL && self.shared.plant != Some(Plant::Unnoticed) {
            host.clock.stand_still(time);
        } else {
            host.clock.advance(time);
        }
        host.gate.open();
    }

    fn mend(&mut self, a: usize, b: usize) {
        let (a, b) = (self.name(a), self.name(b));
        let (a, b) = (a.as_str(), b.as_str());
        self.sim.set_link_fail_rate(a, b, 0.0);
        let way = Duration::from_millis(self.shared.scenario.latency.1);
        self.sim.set_link_latency(a, b, way);
        // What was kept comes now.
        self.sim.release(a, b);
    }

    /// Nothing befalls anybody any more.
    fn heal(&mut self) {
        self.steps.clear();
        world::with(|world| {
            world.tell(format_args!("FAULT     none any more"));
            world.load_over = true;
            world.healed = true;
        });
        for a in 0..self.hosts.len() {
            for b in a + 1..self.hosts.len() {
                self.mend(a, b);
            }
        }
        for number in 0..self.hosts.len() {
            match self.hosts[number].state.get() {
                State::Frozen(since) => self.thaw(number, since),
                State::Draining => self.plan(3_000, Step::Start(number)),
                State::Down | State::Ended => self.start(number),
                State::Up => {}
            }
        }
        let now = self.now;
        world::with(|world| {
            for window in &mut world.windows {
                // What was sent before is still on its way.
                let after = if window.late { SLOWEST } else { 0 };
                window.until = window.until.min(now + after);
            }
        });
    }
}

/// What threads of runs are called.
const SIMULATED: &str = "seam-simulated";

thread_local! {
    static PANICS: RefCell<Vec<String>> = RefCell::default();
}

/// Has panics of runs be found, in place of told; those aside that belong to the run.
fn mind_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let told = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if std::thread::current().name() != Some(SIMULATED) {
                return told(panic);
            }
            if panic.payload().is::<Planned>() {
                return;
            }
            let place = panic.location().map(ToString::to_string).unwrap_or_default();
            let what = format!("a panic at {place}: {}", message(panic.payload()));
            // While the thread ends there is nobody to tell.
            let _ = PANICS.try_with(|panics| panics.borrow_mut().push(what));
        }));
    });
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no words")
}
