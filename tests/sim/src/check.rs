//! What must hold of a run that is over. What can be seen at once is seen by the world, and by callers.

use std::collections::BTreeMap;

use seam_store::{Memory, Store, StoreOptions};

use crate::scenario::Scenario;
use crate::world::{End, Kind, Made, Millis, Turn, Within, World};

/// How much later than its deadline a call may be over, or a turn begin: a step of time here, one
/// there, and the pause between two looks of a sweeper.
const SLACK: Millis = 25;
/// For so long after something has befallen somebody, calls may take other connections.
const AFTER: Millis = 3_000;

/// How often the ledger ran for each call, by its rows.
pub(crate) type Rows = BTreeMap<u64, u64>;

/// What is on the ledger's disk.
pub(crate) fn rows(memory: &Memory, calls: usize) -> Result<Rows, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let store = Store::open_on(memory.clone(), StoreOptions::default());
        let store = store.map_err(|error| format!("somebody still has the ledger: {error}"))?;
        let table = store.table::<u64, u64>("rows").map_err(|error| error.to_string())?;
        let mut rows = Rows::new();
        for call in 0..calls as u64 {
            let row = table.get(&call).await.map_err(|error| error.to_string())?;
            rows.extend(row.map(|times| (call, times)));
        }
        Ok(rows)
    })
}

struct Check<'a> {
    world: &'a World,
    /// How long a message may take at most when nothing befalls anybody.
    way: Millis,
    rows: &'a Rows,
    /// By call, in the order in which they began.
    turns: BTreeMap<u64, Vec<Turn>>,
    violations: Vec<String>,
}

/// What didn't hold.
pub(crate) fn check(world: &World, scenario: &Scenario, rows: &Rows) -> Vec<String> {
    let mut turns = BTreeMap::<u64, Vec<Turn>>::new();
    for turn in &world.turns {
        turns.entry(turn.call).or_default().push(*turn);
    }
    let way = scenario.latency.1 + 2 * scenario.tick;
    let mut check = Check { world, way, rows, turns, violations: Vec::new() };
    for (call, made) in world.calls.iter().enumerate() {
        check.outcome(call as u64, made);
        check.times(call as u64, made);
    }
    check.lanes();
    check.bursts();
    check.violations
}

impl Check<'_> {
    fn violated(&mut self, what: String) {
        self.violations.push(what);
    }

    fn turns(&self, call: u64) -> &[Turn] {
        self.turns.get(&call).map_or(&[], Vec::as_slice)
    }

    /// What a caller was told is true.
    fn outcome(&mut self, call: u64, made: &Made) {
        let (ran, row) = (self.turns(call).len(), self.rows.get(&call).copied());
        let (by, kind) = (made.by, made.kind);
        if !kind.is_idempotent() && (ran > 1 || row.is_some_and(|times| times > 1)) {
            let row = row.unwrap_or(0);
            self.violated(format!("{call} ({kind:?}) ran {ran} times, and is noted {row} times"));
        }
        match made.ended {
            Some((_, End::NotExecuted(why))) if ran > 0 || row.is_some() => {
                self.violated(format!(
                    "{call} ({kind:?}) was not executed ({why}), and ran {ran} times"
                ));
            }
            Some((_, End::Answered(_))) if ran == 0 => {
                self.violated(format!("{call} ({kind:?}) was answered, and never ran"));
            }
            Some((_, End::Answered(_))) if kind.is_noted() && row.is_none() => {
                self.violated(format!("{call} ({kind:?}) was acknowledged, and is lost"));
            }
            // Else its caller went away with it, or it may go on still.
            None if self.world.launches.get(by.host) == Some(&by.launch)
                && self.deadline(made).is_some_and(|due| due + AFTER < self.world.now) =>
            {
                self.violated(format!("{call} ({kind:?}) isn't over at the end"));
            }
            _ => {}
        }
    }

    /// The call in whose turn, or in whose turn's turn, a call was made.
    fn root<'m>(&'m self, made: &'m Made) -> &'m Made {
        match made.within {
            Within::Turn(of) => self.world.call(of).map_or(made, |parent| self.root(parent)),
            _ => made,
        }
    }

    /// Until when a call is of use.
    fn deadline(&self, made: &Made) -> Option<Millis> {
        let root = self.root(made);
        root.deadline.map(|deadline| root.at + deadline)
    }

    /// It is over in time, and no turn began too late.
    fn times(&mut self, call: u64, made: &Made) {
        let Some(deadline) = self.deadline(made) else { return };
        let kind = made.kind;
        if let Some((over, end)) = made.ended {
            let windows = self.world.windows.iter();
            let still = windows.filter(|window| window.still == Some(made.by.host));
            let still: Millis = still.map(|window| window.overlap(made.at, over)).sum();
            // Who calls of its own accord has its own clock; a turn knows what came over the network.
            let late = match made.within {
                Within::Turn(_) => self.way + self.late(made, over),
                _ => 0,
            };
            if over > deadline + SLACK + still + late {
                let what = format!("{call} ({kind:?}) was over at {over} ms ({end})");
                self.violated(format!("{what}, and its deadline was at {deadline} ms"));
            }
        }
        let late = |turn: &&Turn| {
            // A call within a turn has come over the network twice.
            turn.began > deadline + SLACK + 2 * self.way + self.late(made, turn.began)
        };
        if let Some(Turn { began, .. }) = self.turns(call).iter().find(late).copied() {
            let what = format!("{call} ({kind:?}) began at {began} ms");
            self.violated(format!("{what}, and its deadline was at {deadline} ms"));
        }
    }

    /// By how much may be late what was sent for a call until then: nobody can know.
    fn late(&self, made: &Made, until: Millis) -> Millis {
        let from = self.root(made).at;
        let windows = self.world.windows.iter().filter(|window| window.late);
        windows.map(|window| window.overlap(from, until)).sum()
    }

    fn is_calm(&self, from: Millis, until: Millis) -> bool {
        let from = from.saturating_sub(AFTER);
        self.world.windows.iter().all(|window| window.until < from || window.from > until)
    }

    /// What one caller calls one after the other runs in this order in one instance.
    fn lanes(&mut self) {
        let mut last = BTreeMap::<_, (u64, Turn)>::new();
        let mut wrong = Vec::new();
        for (call, made) in self.world.calls.iter().enumerate() {
            let Within::Lane(lane) = made.within else { continue };
            let call = call as u64;
            let [turn] = self.turns(call) else { continue };
            let key = (made.by.host, made.by.launch, lane, turn.place.host, turn.place.launch);
            if let Some((before, earlier)) = last.insert(key, (call, *turn))
                && earlier.began > turn.began
                && self.is_calm(self.world.calls[before as usize].at, earlier.began)
            {
                wrong.push(format!("{call} ran before {before}, which its caller called first"));
            }
        }
        self.violations.append(&mut wrong);
    }

    /// What one caller calls at the same time runs in this order, where nothing is called again.
    fn bursts(&mut self) {
        let mut wrong = Vec::new();
        for burst in &self.world.bursts {
            let began: Vec<_> = burst.iter().filter_map(|call| self.place_of(*call)).collect();
            let calls = burst.iter().filter_map(|call| self.world.call(*call));
            let calm = calls.clone().all(|made| {
                let over = made.ended.map_or(made.at, |(over, _)| over);
                made.kind == Kind::Append && self.is_calm(made.at, over)
            });
            if calm && began.len() == burst.len() && !began.is_sorted() {
                wrong.push(format!("{burst:?} ran in another order"));
            }
        }
        self.violations.append(&mut wrong);
    }

    /// Which of all turns is that of a call which ran once.
    fn place_of(&self, call: u64) -> Option<usize> {
        let [_] = self.turns(call) else { return None };
        self.world.turns.iter().position(|turn| turn.call == call)
    }
}
