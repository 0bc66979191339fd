//! The processes that `up` keeps running: they come and go while it does.

use std::io;

use tokio::{sync::watch, task::JoinSet, time::Instant};

use super::{
    Planned,
    child::{Child, Ended, Told},
    edge::EdgeSocket,
    instance::Instance,
    life::Life,
    reloader::Change,
    roster::Roster,
    stopping::{Stopping, Waiting},
};

/// Makes what keeps an instance running, by its number among all.
type Make<'m> = dyn Fn(&Planned, usize) -> Child + 'm;

/// The processes, by the order in which they were started first.
pub(super) struct Crew<'m> {
    pub(super) units: JoinSet<(usize, io::Result<Ended>)>,
    pub(super) stopping: Stopping,
    /// Which instance of which unit each of them is.
    names: Vec<(String, u16)>,
    edges: Vec<(String, EdgeSocket)>,
    roster: Roster,
    /// Makes what keeps the one of that number running.
    make: Box<Make<'m>>,
}

impl<'m> Crew<'m> {
    /// Nobody yet.
    pub(super) fn new(roster: Roster, make: impl Fn(&Planned, usize) -> Child + 'm) -> Self {
        Self {
            units: JoinSet::new(),
            stopping: Stopping::default(),
            names: Vec::new(),
            edges: Vec::new(),
            roster,
            make: Box::new(make),
        }
    }

    /// Starts a plan's instances, and keeps them running. Each one's `after` are numbers of this plan.
    pub(super) fn start(&mut self, plan: Vec<Planned>) {
        for planned in &plan {
            self.keep(planned, false);
        }
        self.put_in_order(&plan);
    }

    /// Does what has changed in who is to be there.
    pub(super) fn change(&mut self, change: Change) {
        match change {
            Change::Plan(plan, done) => {
                let is_there = |own: &Planned| self.number(&own.unit, own.instance).is_some();
                // A unit that wasn't there at the start isn't part of what runs.
                let is_known = |own: &Planned| self.names.iter().any(|(unit, _)| *unit == own.unit);
                let new = plan.iter().filter(|own| !is_there(own) && is_known(own));
                for planned in new.cloned().collect::<Vec<_>>() {
                    self.keep(&planned, true);
                }
                self.put_in_order(&plan);
                // Who asked may not wait any more.
                let _ = done.send(());
            }
            Change::Retire(own) => {
                if let Some(number) = self.number(&own.unit, own.number) {
                    self.stopping.units[number].retired = true;
                    own.tell.send_modify(|told| told.stop = Some(Instant::now()));
                }
            }
        }
    }

    fn keep(&mut self, planned: &Planned, later: bool) {
        let number = self.names.len();
        let Planned { unit, instance, .. } = planned;
        let (tell, told) = watch::channel(Told::default());
        let (live, life) = watch::channel(Life::default());
        let (name, tell_it) = (unit.clone(), tell.clone());
        self.roster.add(Instance { unit: name, number: *instance, tell: tell_it, life });
        self.stopping.units.push(Waiting { tell, after: Vec::new(), ended: false, retired: false });
        self.names.push((unit.clone(), *instance));
        let mut child = (self.make)(planned, number);
        child.later = later;
        match &child.edge {
            Some(edge) => self.edges.push((unit.clone(), edge.clone())),
            None => {
                let edge = self.edges.iter().find(|(known, _)| known == unit);
                child.edge = edge.map(|(_, edge)| edge.clone());
            }
        }
        self.units.spawn_local(async move { (number, child.keep(told, live).await) });
    }

    /// Who stops after whom, by a plan.
    fn put_in_order(&mut self, plan: &[Planned]) {
        let numbers: Vec<_> = plan.iter().map(|own| self.number(&own.unit, own.instance)).collect();
        for (planned, number) in plan.iter().zip(&numbers) {
            let after = planned.after.iter().filter_map(|at| *numbers.get(*at)?).collect();
            if let Some(number) = number {
                self.stopping.units[*number].after = after;
            }
        }
    }

    /// The number of an instance that is there.
    fn number(&self, unit: &str, instance: u16) -> Option<usize> {
        let is = |(name, number): &(String, u16)| name == unit && *number == instance;
        let found = self.names.iter().rposition(is)?;
        (!self.stopping.units[found].retired).then_some(found)
    }
}
