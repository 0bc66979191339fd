//! What is asked of a service's part in the bus from outside, and what is told.

use std::sync::Arc;

use seam_bus::command::{Command, State};
use seam_bus::intake::Position;
use seam_bus::subscription::Dead;
use seam_bus::unix_millis;
use seam_core::call::Kept as Outcome;
use serde::{Deserialize, Serialize};

use super::Messaging;
use super::replay::From;
use super::streams::RunningStream;

/// So many dead letters of a stream are told of at most.
const MOST: usize = 10_000;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum BusAsk {
    /// How far subscriptions are.
    Topics {},
    /// What has failed too often.
    Dead {},
    /// Has such tried again: those that are named, or all.
    Retry { ids: Option<Vec<String>> },
    /// Forgets such.
    Drop { ids: Vec<String> },
    /// What is to be done yet.
    Tickets {},
    /// What runs by itself.
    Schedules {},
    /// Has a method handed events once more.
    Replay { service: String, method: String, from: From },
    /// Empties a service's store, and has it handed all events.
    Rebuild { service: String },
}

/// What a unit answers.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct BusAnswer {
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) dead: Vec<DeadLetter>,
    /// The dead letters that something was done with.
    pub(crate) done: Vec<String>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) schedules: Vec<ScheduleStatus>,
    /// How many positions are handed over once more; `None` if the service isn't at work here.
    pub(crate) replayed: Option<u64>,
}

impl BusAnswer {
    /// What another unit has answered, too.
    pub(crate) fn add(&mut self, other: Self) {
        let Self { subscriptions, dead, done, tickets, schedules, replayed } = other;
        self.subscriptions.extend(subscriptions);
        self.dead.extend(dead);
        self.done.extend(done);
        self.tickets.extend(tickets);
        self.schedules.extend(schedules);
        self.replayed = self.replayed.or(replayed);
    }
}

/// Why nothing was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BusRefusal(pub(crate) String);

/// How far a subscription is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    /// `mail.order_paid`.
    pub(crate) name: String,
    pub(crate) topic: String,
    pub(crate) version: u16,
    /// How many events of its publisher aren't settled.
    pub(crate) lag: u64,
    /// How many dead letters it has.
    pub(crate) dead: u64,
}

/// An event that has failed too often.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetter {
    pub(crate) id: String,
    pub(crate) subscription: String,
    pub(crate) topic: String,
    pub(crate) attempts: u32,
    /// Why it failed the last time.
    pub(crate) cause: String,
    /// Its place in its publisher's log.
    pub(crate) position: Position,
    pub(crate) key: String,
    /// When it was published, in milliseconds since 1970.
    pub(crate) published_at: u64,
    /// Its failures, the latest ones.
    pub(crate) history: Vec<FailureStatus>,
    pub(crate) event: serde_json::Value,
}

/// One failure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FailureStatus {
    /// In milliseconds since 1970.
    pub(crate) at: u64,
    pub(crate) cause: String,
}

/// A command that has no outcome yet.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Ticket {
    pub(crate) ticket: String,
    pub(crate) service: String,
    pub(crate) method: String,
    pub(crate) state: String,
    pub(crate) attempts: u32,
    /// In milliseconds since 1970.
    pub(crate) created_at: u64,
    /// Who keeps it: a service, or a unit.
    pub(crate) kept_by: String,
}

/// What runs by itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ScheduleStatus {
    /// `order.sweep`.
    pub(crate) name: String,
    /// `every 1h`, or a cron.
    pub(crate) schedule: String,
    /// The latest time for which it has run, in milliseconds since 1970; `None` if it never has.
    pub(crate) last: Option<u64>,
    pub(crate) next: Option<u64>,
    pub(crate) runs: u64,
    /// Why the latest run failed, if it did.
    pub(crate) failure: Option<String>,
}

impl Ticket {
    pub(crate) fn of(id: impl ToString, command: Command, kept_by: &str) -> Self {
        let Command { service, method, created, attempts, state, .. } = command;
        let state = match state {
            State::Pending => "pending",
            State::Ended(Outcome::Answered(_)) => "done",
            State::Ended(Outcome::Failed(_)) => "failed",
            State::Expired => "expired",
        };
        let (ticket, state) = (id.to_string(), state.to_owned());
        let kept_by = kept_by.to_owned();
        Self { ticket, service, method, state, attempts, created_at: created, kept_by }
    }
}

impl Messaging {
    /// Answers what is asked of this service alone, into what others of its unit have answered.
    pub(crate) async fn ask(
        self: &Arc<Self>,
        ask: &BusAsk,
        into: &mut BusAnswer,
    ) -> Result<(), BusRefusal> {
        let refused = |error: String| BusRefusal(error);
        let named = |service: &str| service == self.plan.service.name();
        match ask {
            BusAsk::Topics {} => self.topics(into).await,
            BusAsk::Dead {} => {
                for stream in self.running_streams() {
                    into.dead.extend(self.dead(&stream).await?);
                }
                Ok(())
            }
            BusAsk::Retry { ids } => self.retry(ids.as_deref(), into).await,
            BusAsk::Drop { ids } => self.drop_dead(ids, into).await,
            BusAsk::Tickets {} => self.tickets(into).await,
            BusAsk::Schedules {} => self.schedules(into).await,
            BusAsk::Replay { service, method, from } if named(service) => {
                let replayed = self.replay(method, *from).await.map_err(refused)?;
                into.replayed = into.replayed.or(replayed);
                Ok(())
            }
            BusAsk::Rebuild { service } if named(service) => {
                if self.rebuild().await.map_err(refused)? {
                    into.replayed = Some(0);
                }
                Ok(())
            }
            BusAsk::Replay { .. } | BusAsk::Rebuild { .. } => Ok(()),
        }
    }

    fn running_streams(&self) -> Vec<RunningStream> {
        self.streams.lock().clone()
    }

    async fn topics(&self, into: &mut BusAnswer) -> Result<(), BusRefusal> {
        for stream in self.running_streams() {
            let dead = self.dead(&stream).await?;
            let progress = *stream.progress.borrow();
            let lag = progress.head.saturating_sub(progress.cursor) + progress.waiting;
            for on in &stream.stream.topics {
                let name = format!("{}.{}", stream.stream.subscriber, on.name);
                let dead = dead.iter().filter(|dead| dead.subscription == name).count() as u64;
                match into.subscriptions.iter_mut().find(|known| known.name == name) {
                    // A replay of the same.
                    Some(known) => {
                        known.lag += lag;
                        known.dead += dead;
                    }
                    None => {
                        let (topic, version) = (on.topic.clone(), on.version);
                        into.subscriptions.push(Subscription { name, topic, version, lag, dead });
                    }
                }
            }
        }
        Ok(())
    }

    async fn dead(&self, stream: &RunningStream) -> Result<Vec<DeadLetter>, BusRefusal> {
        let dead = stream.kept.dead(MOST).await.map_err(|error| BusRefusal(error.to_string()))?;
        Ok(dead.into_iter().map(|dead| dead_letter(stream, dead)).collect())
    }

    async fn retry(&self, ids: Option<&[String]>, into: &mut BusAnswer) -> Result<(), BusRefusal> {
        let now = unix_millis();
        for stream in self.running_streams() {
            for dead in self.dead(&stream).await? {
                if ids.is_some_and(|ids| !ids.contains(&dead.id)) {
                    continue;
                }
                let (kept, position) = (stream.kept.clone(), dead.position);
                let store = kept.store().clone();
                let revived = store.transaction(move |tx| kept.revive(tx, position, now));
                let revived = revived.await.map_err(|error| BusRefusal(error.to_string()))?;
                if revived.is_some() {
                    // Its driver has ended with the service, and takes it up at its next start.
                    let _ = stream.revived.send(position).await;
                    into.done.push(dead.id);
                }
            }
        }
        Ok(())
    }

    async fn drop_dead(&self, ids: &[String], into: &mut BusAnswer) -> Result<(), BusRefusal> {
        for stream in self.running_streams() {
            for dead in self.dead(&stream).await? {
                if !ids.contains(&dead.id) {
                    continue;
                }
                let (kept, position) = (stream.kept.clone(), dead.position);
                let store = kept.store().clone();
                let dropped = store.transaction(move |tx| kept.drop_dead(tx, position));
                if dropped.await.map_err(|error| BusRefusal(error.to_string()))? {
                    into.done.push(dead.id);
                }
            }
        }
        Ok(())
    }

    async fn tickets(&self, into: &mut BusAnswer) -> Result<(), BusRefusal> {
        let Some(commands) = self.plan.desk.commands() else { return Ok(()) };
        let pending = commands.pending(MOST).await;
        let pending = pending.map_err(|error| BusRefusal(error.to_string()))?;
        let own = self.plan.service.name();
        into.tickets.extend(pending.into_iter().map(|(id, command)| Ticket::of(id, command, own)));
        Ok(())
    }

    async fn schedules(&self, into: &mut BusAnswer) -> Result<(), BusRefusal> {
        // Who stands by has no store.
        if self.plan.schedules.is_empty() || self.plan.desk.commands().is_none() {
            return Ok(());
        }
        let refused = |error: &dyn std::fmt::Display| BusRefusal(error.to_string());
        let store = self.plan.database.open().map_err(|error| refused(&error))?;
        for scheduled in &self.plan.schedules {
            let runs = scheduled.runs(&store).await.map_err(|error| refused(&error))?;
            let has_run = runs.as_ref().is_some_and(|runs| runs.runs > 0);
            let runs = runs.unwrap_or_default();
            into.schedules.push(ScheduleStatus {
                name: format!("{}.{}", self.plan.service, scheduled.name),
                schedule: scheduled.to_string(),
                last: has_run.then_some(runs.last),
                next: scheduled.next(runs.last),
                runs: runs.runs,
                failure: runs.failure,
            });
        }
        Ok(())
    }
}

fn dead_letter(stream: &RunningStream, dead: Dead) -> DeadLetter {
    let Dead { position, record, failures, attempts } = dead;
    let method = stream.stream.method(&record).map_or("?", |on| on.name.as_str());
    let failure = |failure: seam_bus::subscription::Failure| FailureStatus {
        at: failure.at,
        cause: failure.cause,
    };
    let history: Vec<FailureStatus> = failures.into_iter().map(failure).collect();
    DeadLetter {
        id: format!("{}:{}:{position}", stream.stream.subscriber, stream.stream.name),
        subscription: format!("{}.{method}", stream.stream.subscriber),
        cause: history.last().map(|last| last.cause.clone()).unwrap_or_default(),
        attempts,
        position,
        key: String::from_utf8_lossy(&record.key).into_owned(),
        published_at: record.at,
        history,
        event: serde_json::from_slice(&record.body).unwrap_or_default(),
        topic: record.topic,
    }
}
