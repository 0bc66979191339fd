//! What callers do: calls of every kind with deadlines of every length, one after the other in each
//! of their lanes and at times several at once; and in the end, one of each until all are answered.

use fastrand::Rng;
use futures_util::future::join_all;
use seam::prelude::*;
use seam::{NoSuchClient, Running};
use seam_core::time::Clock;

use crate::run::Plant;
use crate::scenario::LOAD_BEGINS;
use crate::services::{DeskClient, LedgerClient, QuoteClient};
use crate::world::{self, End, Kind, Millis, Place, Within};

/// What a caller may take for each call once nothing befalls anybody any more.
const PROBE: Millis = 2_000;

/// A process that makes calls.
#[derive(Clone)]
pub(crate) struct Caller {
    place: Place,
    clock: Clock,
    ledger: LedgerClient,
    quote: QuoteClient,
    desk: DeskClient,
    plant: Option<Plant>,
}

impl Caller {
    pub(crate) fn new(
        place: Place,
        clock: Clock,
        running: &Running,
        plant: Option<Plant>,
    ) -> Result<Self, NoSuchClient> {
        let (ledger, quote) = (running.client()?, running.client()?);
        Ok(Self { place, clock, ledger, quote, desk: running.client()?, plant })
    }

    async fn pause(&self, millis: Millis) {
        self.clock.wait_until(self.clock.now().after(ms(millis))).await;
    }

    /// Calls, one call after the other, until there is enough of that.
    pub(crate) async fn lane(self, number: u64, pause: Millis, mut random: Rng) {
        self.pause(LOAD_BEGINS.saturating_sub(world::with(|world| world.now))).await;
        let mut noted = None;
        loop {
            self.pause(random.u64(1..=pause)).await;
            if world::with(|world| world.load_over) {
                return;
            }
            if random.u8(0..12) == 0 {
                self.burst(&mut random).await;
                continue;
            }
            let kind = match random.u8(0..100) {
                0..26 => Kind::Append,
                26..40 => Kind::Put,
                40..50 => Kind::Read,
                50..64 => Kind::Price,
                64..76 => Kind::Stamp,
                76..78 => Kind::Fail,
                _ => Kind::Order,
            };
            let deadline = match random.u8(0..3) {
                0 => random.u64(20..200),
                1 => random.u64(200..1_000),
                _ => random.u64(1_000..3_000),
            };
            let work = if random.u8(0..3) == 0 { random.u32(1..40) } else { 0 };
            let call = world::made(self.place, kind, Within::Lane(number), Some(deadline));
            let end = self.call(call, kind, deadline, work, noted).await;
            if kind.is_noted() && matches!(end, End::Answered(_)) {
                noted = Some(call);
            }
        }
    }

    /// Several calls at once.
    async fn burst(&self, random: &mut Rng) {
        let deadline = random.u64(500..2_000);
        let made = |_| world::made(self.place, Kind::Append, Within::Burst, Some(deadline));
        let calls: Vec<_> = (0..random.u64(2..8)).map(made).collect();
        let each = calls.iter().map(|call| self.call(*call, Kind::Append, deadline, 0, None));
        join_all(each).await;
        world::with(|world| world.bursts.push(calls));
    }

    /// Makes a call that is announced, and says what came of it.
    async fn call(
        &self,
        call: u64,
        kind: Kind,
        deadline: Millis,
        work: u32,
        noted: Option<u64>,
    ) -> End {
        let mut end = self.send(call, kind, deadline, work, noted).await;
        if self.plant == Some(Plant::RetryUnknown) && matches!(end, End::Unknown(_)) {
            end = self.send(call, kind, deadline, work, noted).await;
        }
        world::ended(call, end);
        self.look(call, kind, end, noted);
        end
    }

    async fn send(
        &self,
        call: u64,
        kind: Kind,
        deadline: Millis,
        work: u32,
        noted: Option<u64>,
    ) -> End {
        let time = ms(deadline);
        match kind {
            Kind::Append => End::of(&self.ledger.append(call, work).deadline(time).await),
            Kind::Put => End::of(&self.ledger.put(call, work).deadline(time).await),
            Kind::Read => {
                End::of(&self.ledger.read(call, noted.unwrap_or(call)).deadline(time).await)
            }
            Kind::Price => End::of(&self.quote.price(call, work).deadline(time).await),
            Kind::Stamp => End::of(&self.quote.stamp(call, work).deadline(time).await),
            Kind::Fail => End::of(&self.quote.fail(call).deadline(time).await),
            Kind::Order => End::of(&self.desk.order(call, work).deadline(time).await),
        }
    }

    /// Whether an answer is the call's own.
    fn look(&self, call: u64, kind: Kind, end: End, noted: Option<u64>) {
        let End::Answered(answer) = end else { return };
        let wrong = match (kind, noted) {
            (Kind::Read, Some(noted)) if answer == 0 => {
                Some(format!("{call} reads nothing of {noted}, which was acknowledged"))
            }
            (Kind::Read, _) => None,
            _ if answer != crate::services::answer(call) => {
                Some(format!("{call} has another call's answer: {answer}"))
            }
            _ => None,
        };
        if let Some(wrong) = wrong {
            world::with(|world| world.violated(wrong));
        }
    }

    /// Calls until each kind of call has been answered in one round.
    pub(crate) async fn until_all_is_answered(&self, host: usize) {
        while !world::with(|world| world.healed) {
            self.pause(20).await;
        }
        loop {
            let mut missing = Vec::new();
            for kind in [Kind::Put, Kind::Append, Kind::Price, Kind::Stamp, Kind::Order] {
                let call = world::made(self.place, kind, Within::Probe, Some(PROBE));
                let end = self.call(call, kind, PROBE, 0, None).await;
                if !matches!(end, End::Answered(_)) {
                    missing.push(format!("{kind:?}: {end}"));
                }
            }
            if missing.is_empty() {
                return;
            }
            world::with(|world| {
                world.missing.retain(|(other, _)| *other != host);
                world.missing.push((host, missing.join(", ")));
            });
            self.pause(100).await;
        }
    }
}
