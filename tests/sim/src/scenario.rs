//! What a seed draws: which processes there are, what befalls them, what callers do.

use std::fmt::Write;

use fastrand::Rng;

use crate::faults::{Fault, Host};
use crate::net::Ports;
use crate::world::{Millis, Place};

/// From when on callers call.
pub(crate) const LOAD_BEGINS: Millis = 300;
/// From when on something may befall somebody.
const FAULTS_BEGIN: Millis = 600;

/// How long a message takes at most where the network is slow.
pub(crate) const SLOWEST: Millis = 400;

const KEEP_PORT: u16 = 7_100;
const QUOTE_PORT: u16 = 7_200;
const DESK_PORT: u16 = 7_300;

/// A process of a run.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) name: String,
    pub(crate) unit: &'static str,
    pub(crate) instance: u16,
    /// Whether it makes calls of its own accord.
    pub(crate) calls: bool,
}

/// A run, before it runs.
#[derive(Debug)]
pub(crate) struct Scenario {
    pub(crate) seed: u64,
    pub(crate) processes: Vec<Process>,
    /// How far time goes with each step.
    pub(crate) tick: Millis,
    /// How long a message takes.
    pub(crate) latency: (Millis, Millis),
    /// How many steps a commit takes to be on disk.
    pub(crate) disk: u64,
    /// How long an actor with tables takes to start.
    recovery: Millis,
    /// How many calls at a time each caller makes.
    pub(crate) lanes: u64,
    /// The longest pause between them.
    pub(crate) pause: Millis,
    pub(crate) faults: Vec<(Millis, Fault)>,
    /// From when on nothing befalls anybody.
    pub(crate) calm: Millis,
}

impl Scenario {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let (keeps, quotes) = (random.u16(2..=3), random.u16(2..=4));
        let mut processes = Vec::new();
        let mut add = |unit: &'static str, instances: u16, calls: bool| {
            for instance in 0..instances {
                let name = format!("{unit}-{instance}");
                processes.push(Process { name, unit, instance, calls });
            }
        };
        add("keep", keeps, false);
        add("quote", quotes, false);
        add("desk", 1, false);
        add("alpha", 1, true);
        add("beta", 1, true);
        let calm = random.u64(3_000..6_500);
        let shortest = random.u64(1..=3);
        let mut scenario = Self {
            seed,
            tick: random.u64(2..=4),
            latency: (shortest, shortest + random.u64(1..=20)),
            disk: random.u64(1..=6),
            recovery: random.u64(0..300),
            lanes: random.u64(1..=3),
            pause: random.u64(30..150),
            faults: Vec::new(),
            calm,
            processes,
        };
        let count = random.u64(2..=9);
        scenario.faults = (0..count).map(|_| scenario.fault(&mut random)).collect();
        scenario.faults.sort_by_key(|(at, _)| *at);
        scenario
    }

    fn fault(&self, random: &mut Rng) -> (Millis, Fault) {
        let at = random.u64(FAULTS_BEGIN..self.calm - 200);
        let hosts = self.processes.len();
        // Most of what befalls somebody befalls an instance of the ledger: there is most to lose.
        let drawn = |random: &mut Rng| match random.bool() {
            true => self.of("keep", random),
            false => random.usize(0..hosts),
        };
        let host = drawn(random);
        let other = (host + random.usize(1..hosts)) % hosts;
        let for_ = random.u64(100..2_500);
        let fault = match random.u64(0..100) {
            0..22 => Fault::Crash(host, random.u64(50..1_500)),
            22..34 => Fault::Restart(host, random.u64(2_300..3_000)),
            34..54 => Fault::Freeze(host, random.u64(200..5_000)),
            54..66 => Fault::Partition(host, other, for_),
            66..72 => Fault::OneWay(host, other, for_),
            72..80 => Fault::Isolation(host, for_),
            80..88 => Fault::Hold(host, other, random.u64(50..1_500)),
            88..94 => Fault::Slow(host, other, random.u64(50..SLOWEST), for_),
            _ => Fault::Flaky(host, other, for_),
        };
        (at, fault)
    }

    fn of(&self, unit: &str, random: &mut Rng) -> Host {
        let hosts = self.processes.iter().enumerate();
        let of_unit: Vec<_> = hosts.filter(|(_, process)| process.unit == unit).collect();
        of_unit[random.usize(0..of_unit.len())].0
    }

    pub(crate) fn ports(&self) -> Ports {
        let listen = |process: &Process| match process.unit {
            "keep" => Some(KEEP_PORT + process.instance),
            "quote" => Some(QUOTE_PORT + process.instance),
            "desk" => Some(DESK_PORT),
            _ => None,
        };
        let ports = self.processes.iter().filter_map(|p| Some((listen(p)?, p.name.clone())));
        ports.collect()
    }

    /// The `app.toml` of a process.
    pub(crate) fn config(&self, place: Place) -> String {
        let instances = |unit: &str| self.processes.iter().filter(|p| p.unit == unit).count();
        let mut text = format!(
            r#"
[app]
threads = 1
data = "simulated"
[units.keep]
services = ["ledger"]
listen = "127.0.0.1:{KEEP_PORT}"
instances = {}
[units.quote]
services = ["quote"]
listen = "127.0.0.1:{QUOTE_PORT}"
instances = {}
[units.desk]
services = ["desk"]
listen = "127.0.0.1:{DESK_PORT}"
[units.alpha]
services = []
[units.beta]
services = []
[topologies]
all = ["keep", "quote", "desk", "alpha", "beta"]
"#,
            instances("keep"),
            instances("quote"),
        );
        let Place { host, launch } = place;
        for service in ["ledger", "quote", "desk"] {
            // Writing to a text can't fail.
            let _ = writeln!(text, "[services.{service}.config]\nhost = {host}\nlaunch = {launch}");
            if service == "ledger" {
                let _ = writeln!(text, "recovery = {}", self.recovery);
            }
        }
        text
    }
}
