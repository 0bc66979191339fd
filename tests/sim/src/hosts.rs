//! A process: a unit with its services, started as any unit is, and the calls that it makes.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use fastrand::Rng;
use futures_util::future::join_all;
use seam::prelude::*;
use seam_core::time::Clock;
use seam_store::Memory;
use tokio::sync::Notify;

use crate::load::Caller;
use crate::net::{Gate, Network, Ports};
use crate::run::Plant;
use crate::scenario::{Process, Scenario};
use crate::services::{DeskService, LedgerService, QuoteService};
use crate::world::{self, Millis, Place};

/// How long a unit that is drained may take for what is in flight.
const DRAIN: Millis = 2_000;

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    /// It drains, and ends then.
    Draining,
    /// It ends now.
    Ended,
    /// It stands still since then.
    Frozen(Millis),
    Down,
}

/// What stays of a process over its starts.
pub(crate) struct Host {
    pub(crate) number: usize,
    pub(crate) process: Process,
    pub(crate) clock: Clock,
    pub(crate) gate: Arc<Gate>,
    pub(crate) state: Cell<State>,
    /// Has the process drain that runs now.
    stop: RefCell<Rc<Notify>>,
    launch: Cell<u32>,
    shared: Rc<Shared>,
}

/// What all processes of a run have.
pub(crate) struct Shared {
    pub(crate) scenario: Scenario,
    pub(crate) ports: Arc<Ports>,
    /// The ledger's database.
    pub(crate) memory: Memory,
    pub(crate) plant: Option<Plant>,
}

impl Host {
    pub(crate) fn new(number: usize, shared: &Rc<Shared>) -> Self {
        Self {
            number,
            process: shared.scenario.processes[number].clone(),
            clock: Clock::manual(),
            gate: Arc::default(),
            state: Cell::new(State::Up),
            stop: RefCell::default(),
            launch: Cell::new(0),
            shared: Rc::clone(shared),
        }
    }

    /// The place of the process that runs now, or ran last.
    pub(crate) const fn place(&self) -> Place {
        Place { host: self.number, launch: self.launch.get() }
    }

    /// Has it drain, and end then.
    pub(crate) fn drain(&self) {
        self.state.set(State::Draining);
        self.stop.borrow().notify_one();
    }

    /// From its start to its end.
    pub(crate) async fn run(self: Rc<Self>) {
        self.launch.set(self.launch.get() + 1);
        let stop = Rc::new(Notify::new());
        self.stop.replace(Rc::clone(&stop));
        let (place, name) = (self.place(), &self.process.name);
        world::with(|world| world.started(place));
        let network =
            Network { gate: Arc::clone(&self.gate), ports: Arc::clone(&self.shared.ports) };
        let started = App::new("simulated")
            .service::<LedgerService>()
            .service::<QuoteService>()
            .service::<DeskService>()
            .config_text(self.shared.scenario.config(place))
            .topology("all")
            .unit(self.process.unit)
            .instance(self.process.instance)
            .store_on("ledger", self.shared.memory.clone())
            .simulated(self.clock.clone(), Arc::new(network))
            .start();
        let running = match started.await {
            Ok(running) => running,
            Err(failure) => {
                return world::with(|world| {
                    world.violated(format!("{name} can't start: {failure}"))
                });
            }
        };
        world::with(|world| world.tell(format_args!("{name} is ready")));
        if self.process.calls {
            let made = Caller::new(place, self.clock.clone(), &running, self.shared.plant);
            match made {
                Ok(caller) => tokio::task::spawn_local(Rc::clone(&self).call(caller, running)),
                Err(error) => return world::with(|world| world.violated(error.to_string())),
            };
            return std::future::pending().await;
        }
        stop.notified().await;
        running.stop_within(ms(DRAIN)).await;
        world::with(|world| world.tell(format_args!("{name} has stopped")));
        self.state.set(State::Ended);
        std::future::pending().await
    }

    /// Makes calls until all are answered in the end.
    async fn call(self: Rc<Self>, caller: Caller, running: seam::Running) {
        let Scenario { seed, lanes, pause, .. } = self.shared.scenario;
        let place = self.place();
        let lanes = (0..lanes).map(|lane| {
            let of = (place.host as u64) << 32 | u64::from(place.launch) << 16 | lane;
            caller.clone().lane(lane, pause, Rng::with_seed(seed.rotate_left(24) ^ of))
        });
        join_all(lanes).await;
        caller.until_all_is_answered(self.number).await;
        // Each call is counted once.
        let counted: u64 = running.status().await.methods.iter().map(|m| m.metrics.calls).sum();
        world::with(|world| {
            let own = |made: &&world::Made| made.by == place && made.ended.is_some();
            let made = world.calls.iter().filter(own).count() as u64;
            if made != counted {
                let name = &self.process.name;
                world.violated(format!("{name} made {made} calls and counted {counted}"));
            }
            world.content.push(self.number);
        });
        // Its connections stay.
        let _running = running;
        std::future::pending::<()>().await;
    }
}
