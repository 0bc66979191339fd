//! What the units host. Each turn is told to the world, with the call that it is for.

use seam::prelude::*;
use seam_core::time::Clock;

use crate::run::Plant;
use crate::world::{self, End, Kind, Place, Within};

/// Which process an actor is in, and what its start takes.
#[seam::config]
pub(crate) struct Setting {
    /// The process's number.
    host: u32,
    /// How often it was started.
    launch: u32,
    /// How long an actor with tables takes to start, in milliseconds.
    #[serde(default)]
    recovery: u64,
}

impl Setting {
    const fn place(&self) -> Place {
        Place { host: self.host as usize, launch: self.launch }
    }
}

/// Notes calls on disk, in one instance at a time.
#[seam::contract(name = "ledger", version = "1.0")]
pub(crate) trait Ledger {
    /// Counts how often it ran for a call.
    async fn append(&mut self, call: u64, work: u32) -> Result<u64, LedgerError>;

    /// Notes a call, however often it runs.
    #[call(idempotent)]
    async fn put(&mut self, call: u64, work: u32) -> Result<u64, LedgerError>;

    /// How often something ran for another call.
    #[call(idempotent)]
    async fn read(&self, call: u64, of: u64) -> Result<u64, LedgerError>;
}

/// Why nothing was noted.
#[seam::error]
pub(crate) enum LedgerError {
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
}

/// Answers in every instance.
#[seam::contract(name = "quote", version = "1.0")]
pub(crate) trait Quote {
    /// Twice the call's number.
    #[call(idempotent)]
    async fn price(&self, call: u64, work: u32) -> u64;

    /// The same, alone, and not to be done twice.
    async fn stamp(&mut self, call: u64, work: u32) -> u64;

    /// Panics.
    async fn fail(&mut self, call: u64) -> u64;
}

/// Passes calls on to both.
#[seam::contract(name = "desk", version = "1.0")]
pub(crate) trait Desk {
    /// Asks for a price, and appends to the ledger.
    #[call(complete)]
    async fn order(&self, call: u64, work: u32) -> Result<u64, DeskError>;
}

/// Why there is no order.
#[seam::error]
pub(crate) enum DeskError {
    /// somebody behind the desk failed
    #[error(inner)]
    Inner(InnerError),
}

/// What is answered to a call: nobody else's answer.
pub(crate) const fn answer(call: u64) -> u64 {
    call * 2
}

/// What turns need.
struct Bench {
    place: Place,
    clock: Clock,
}

impl Bench {
    fn of<A: Actor<Config = Setting>>(setup: &Setup<A>) -> Self {
        Self { place: setup.config().place(), clock: setup.clock().clone() }
    }

    async fn work(&self, millis: u32) {
        if millis > 0 {
            self.clock.wait_until(self.clock.now().after(ms(millis.into()))).await;
        }
    }
}

pub(crate) struct LedgerService {
    rows: Table<u64, u64>,
    bench: Bench,
    owned: Option<world::Owned>,
}

impl Actor for LedgerService {
    type Contract = LedgerContract;
    type Config = Setting;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let rows = setup.table("rows")?;
        let bench = Bench::of(setup);
        let owned = world::owned(bench.place);
        bench.work(setup.config().recovery as u32).await;
        Ok(Self { rows, bench, owned: Some(owned) })
    }

    async fn stop(&mut self) {
        self.owned = None;
    }
}

impl LedgerService {
    async fn note(
        &self,
        call: u64,
        count: impl Fn(u64) -> u64 + Send + 'static,
    ) -> Result<u64, LedgerError> {
        let rows = self.rows.clone();
        let noted = self.rows.store().transaction(move |tx| {
            let before = tx.get(&rows, &call)?.unwrap_or(0);
            tx.insert(&rows, &call, &count(before))?;
            Ok::<_, StoreError>(answer(call))
        });
        if world::with(|world| world.plant == Some(Plant::EarlyAnswer)) {
            drop(tokio::spawn(noted));
            return Ok(answer(call));
        }
        Ok(noted.await?)
    }
}

impl Ledger for LedgerService {
    async fn append(&mut self, call: u64, work: u32) -> Result<u64, LedgerError> {
        let _turn = world::turn(call, Kind::Append, self.bench.place);
        self.bench.work(work).await;
        self.note(call, |before| before + 1).await
    }

    async fn put(&mut self, call: u64, work: u32) -> Result<u64, LedgerError> {
        let _turn = world::turn(call, Kind::Put, self.bench.place);
        let noted = self.note(call, |_| 1).await;
        self.bench.work(work).await;
        noted
    }

    async fn read(&self, call: u64, of: u64) -> Result<u64, LedgerError> {
        let _turn = world::turn(call, Kind::Read, self.bench.place);
        Ok(self.rows.get(&of).await?.unwrap_or(0))
    }
}

pub(crate) struct QuoteService(Bench);

impl Actor for QuoteService {
    type Contract = QuoteContract;
    type Config = Setting;
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self(Bench::of(setup)))
    }
}

impl Quote for QuoteService {
    async fn price(&self, call: u64, work: u32) -> u64 {
        let _turn = world::turn(call, Kind::Price, self.0.place);
        self.0.work(work).await;
        answer(call)
    }

    async fn stamp(&mut self, call: u64, work: u32) -> u64 {
        let _turn = world::turn(call, Kind::Stamp, self.0.place);
        self.0.work(work).await;
        answer(call)
    }

    async fn fail(&mut self, call: u64) -> u64 {
        let _turn = world::turn(call, Kind::Fail, self.0.place);
        std::panic::panic_any(Planned)
    }
}

/// What a panic says that belongs to the run.
pub(crate) struct Planned;

pub(crate) struct DeskService {
    ledger: LedgerClient,
    quote: QuoteClient,
    bench: Bench,
}

impl Actor for DeskService {
    type Contract = DeskContract;
    type Config = Setting;
    type Needs = (LedgerClient, QuoteClient);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { ledger: setup.client()?, quote: setup.client()?, bench: Bench::of(setup) })
    }
}

impl Desk for DeskService {
    async fn order(&self, call: u64, work: u32) -> Result<u64, DeskError> {
        let _turn = world::turn(call, Kind::Order, self.bench.place);
        let by = self.bench.place;
        let priced = world::made(by, Kind::Price, Within::Turn(call), None);
        let came = self.quote.price(priced, work).await;
        world::ended(priced, End::of(&came));
        came?;
        let noted = world::made(by, Kind::Append, Within::Turn(call), None);
        let came = self.ledger.append(noted, work).await;
        world::ended(noted, End::of(&came));
        came?;
        Ok(answer(call))
    }
}
