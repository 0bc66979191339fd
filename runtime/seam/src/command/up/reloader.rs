//! How `up` takes another config: it reads the file, starts and ends instances, and has the others take
//! it.

use std::{cell::RefCell, collections::BTreeSet, path::PathBuf, rc::Rc, time::Duration};

use futures_util::future::join_all;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, timeout},
};

use super::{
    super::{
        centre::{self, Recorder, Wanted},
        control::{Mistake, Pending, Refusal, Request, ask, connect},
        reload::pending,
        watch::FileWatch,
    },
    Accepted, Planned,
    instance::{Instance, READY},
    life::State,
    roster::Roster,
};
use crate::{
    config::{Files, Problems, Source, process},
    unit::Taken,
};

/// How long a process may take to take a config, beyond its time to drain: it may be starting.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often it is looked whether a process that starts can be told.
const PERIOD: Duration = Duration::from_millis(50);

/// What a text means, or what is wrong with it.
type Read = dyn Fn(&Source) -> Result<Next, Problems>;

/// What `up` needs to take another config.
pub(in crate::command) struct Reloading {
    /// Where it is read.
    pub(in crate::command) files: Files,
    /// Where the control sockets are.
    pub(in crate::command) data: PathBuf,
    /// What a text means, if it is no mistake.
    pub(in crate::command) next: Box<Read>,
    /// Who writes down its versions.
    pub(in crate::command) recorder: Recorder,
}

/// What is to run by another config.
pub(in crate::command) struct Next {
    pub(in crate::command) version: String,
    /// Every instance, in order.
    pub(in crate::command) units: Vec<Planned>,
    /// How long work in flight may take to end.
    pub(in crate::command) drain: Duration,
}

/// What came of a config that is in force.
#[derive(Clone, Debug, Default)]
pub(super) struct InForce {
    pub(super) version: String,
    pub(super) pending: Vec<Pending>,
    pub(super) failed: Vec<String>,
}

/// A change of who is there, for who keeps the processes.
pub(super) enum Change {
    /// These are to be there: who isn't yet is started. Answered once that is done.
    Plan(Vec<Planned>, oneshot::Sender<()>),
    /// It has been drained, and doesn't come back.
    Retire(Instance),
}

/// Takes one config after the other.
pub(super) struct Reloader {
    reloading: Reloading,
    accepted: Accepted,
    last: RefCell<InForce>,
    one: tokio::sync::Mutex<()>,
    changes: mpsc::Sender<Change>,
    grace: Duration,
}

impl Reloader {
    pub(super) fn new(
        reloading: Reloading,
        accepted: Accepted,
        changes: mpsc::Sender<Change>,
        grace: Duration,
    ) -> Rc<Self> {
        (reloading.recorder)(&accepted.source(), centre::START);
        let version = (reloading.next)(&accepted.source()).map(|next| next.version);
        let last = InForce { version: version.unwrap_or_default(), ..InForce::default() };
        let (last, one) = (RefCell::new(last), tokio::sync::Mutex::default());
        Rc::new(Self { reloading, accepted, last, one, changes, grace })
    }

    /// The text of the config that is in force.
    pub(super) fn accepted(&self) -> Source {
        self.accepted.source()
    }

    pub(super) async fn watch(
        &self,
        roster: &Roster,
        mut hangups: watch::Receiver<u64>,
        say: &dyn Fn(&str),
    ) {
        let mut file = FileWatch::new(self.reloading.files.clone(), self.accepted.source());
        loop {
            let taken = tokio::select! {
                read = file.changed() => match read {
                    Ok(source) => self.take(Wanted::Files(source), roster).await,
                    Err(problems) => Err(Mistake::all(&problems)),
                },
                Ok(()) = hangups.changed() => self.reload(roster).await,
                () = centre::overdue(|| self.accepted.source().set) => {
                    for own in centre::take_back(&self.reloading.data).await {
                        say(&format!("{}: taken back, its time is over", own.key));
                    }
                    self.settings(roster).await
                }
            };
            match taken {
                Ok(InForce { version, pending: all, failed }) => {
                    say(&format!("in force: config {version}"));
                    all.iter().for_each(|own| say(&pending(own)));
                    failed.iter().for_each(|failed| say(failed));
                }
                Err(mistakes) => {
                    let lines = mistakes.iter().flat_map(|mistake| mistake.text.lines());
                    lines.for_each(say);
                    say("the config isn't taken: nothing changes");
                    sleep(centre::AGAIN).await;
                }
            }
        }
    }

    /// Reads the file anew, and takes it.
    pub(super) async fn reload(&self, roster: &Roster) -> Result<InForce, Vec<Mistake>> {
        match self.reloading.files.read() {
            Ok(source) => self.take(Wanted::Files(source), roster).await,
            Err(problems) => Err(Mistake::all(&problems)),
        }
    }

    /// Reads anew what is set, and takes it.
    pub(super) async fn settings(&self, roster: &Roster) -> Result<InForce, Vec<Mistake>> {
        self.take(Wanted::Settings, roster).await
    }

    /// Takes a text; one that is in force already says so.
    async fn take(&self, wanted: Wanted, roster: &Roster) -> Result<InForce, Vec<Mistake>> {
        let _one = self.one.lock().await;
        let accepted = self.accepted.source();
        let source = wanted.beside(&accepted, &self.reloading.data);
        let source = source.map_err(|problems| Mistake::all(&problems))?;
        if source == accepted {
            return Ok(self.last.borrow().clone());
        }
        let next = (self.reloading.next)(&source).map_err(|problems| Mistake::all(&problems))?;
        let mut taken = InForce { version: next.version.clone(), ..InForce::default() };
        roster.be_patient(next.drain + self.grace);
        taken.failed.extend(self.end_surplus(roster, &next).await);
        (self.reloading.recorder)(&source, centre::FILE);
        self.accepted.set(source);
        let before = roster.instances();
        self.start(next.units).await;
        let patience = next.drain + PATIENCE;
        let first = before.iter().map(|own| async move { (own, self.give(own, patience).await) });
        for (instance, answer) in join_all(first).await {
            match answer {
                Ok(None) => {}
                Ok(Some(own)) => {
                    for key in own.restart {
                        Pending::add(&mut taken.pending, key, &instance.unit);
                    }
                    let of = |reason: String| format!("{}: {reason}", instance.name());
                    taken.failed.extend(own.failed.into_iter().map(of));
                }
                Err(reason) => taken.failed.push(format!("{}: {reason}", instance.name())),
            }
        }
        let second = before.iter().map(|own| self.settle(own));
        taken.failed.extend(join_all(second).await.into_iter().flatten());
        let new = roster.instances().into_iter().filter(|own| before.iter().all(|b| !b.is(own)));
        taken.failed.extend(join_all(new.map(started)).await.into_iter().flatten());
        // What fails now may not fail for whom asks again.
        *self.last.borrow_mut() = InForce { failed: Vec::new(), ..taken.clone() };
        Ok(taken)
    }

    /// Drains instances that there are too many of, all at once, so that none of them takes over from
    /// another; they are gone then. Units that the config hasn't any more stay as they are.
    async fn end_surplus(&self, roster: &Roster, next: &Next) -> Vec<String> {
        let units: BTreeSet<&str> = next.units.iter().map(|own| own.unit.as_str()).collect();
        let wanted = |own: &Instance| next.units.iter().any(|planned| own.is_planned(planned));
        let surplus = roster.instances().into_iter();
        let surplus = surplus.filter(|own| units.contains(own.unit.as_str()) && !wanted(own));
        let ended = surplus.map(|own| async {
            // Nobody hears of it: there is room for all the same.
            let (news, _told) = mpsc::channel(8);
            let drained = own.drain(roster.patience(), &news).await;
            let failed = drained.is_err().then(|| format!("{} doesn't end", own.name()));
            roster.remove(&own.unit, own.number);
            let _ = self.changes.send(Change::Retire(own)).await;
            failed
        });
        join_all(ended).await.into_iter().flatten().collect()
    }

    async fn start(&self, planned: Vec<Planned>) {
        let (done, started) = oneshot::channel();
        if self.changes.send(Change::Plan(planned, done)).await.is_ok() {
            // `up` is stopping if nobody answers.
            let _ = started.await;
        }
    }

    /// Has a process take the config; nothing if it is away, for it is started with it.
    async fn give(&self, own: &Instance, patience: Duration) -> Result<Option<Taken>, String> {
        let until = Instant::now() + patience;
        let request = || Request::Take(self.accepted.source().into());
        loop {
            if own.is_away() {
                return Ok(None);
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err("it hasn't taken the config yet".into());
            }
            match self.asked(own, &request(), left).await {
                Some(Ok(taken)) => {
                    return serde_json::from_str(&taken).map(Some).map_err(|e| e.to_string());
                }
                Some(Err(answer)) => return Err(refused(&answer)),
                // It has just been started, or has ended and is started again.
                None => sleep(PERIOD).await,
            }
        }
    }

    async fn settle(&self, own: &Instance) -> Vec<String> {
        let of = |reason: String| format!("{}: {reason}", own.name());
        match self.asked(own, &Request::Settle {}, PATIENCE).await {
            Some(Ok(failed)) => {
                let failed: Vec<String> = serde_json::from_str(&failed).unwrap_or_default();
                failed.into_iter().map(of).collect()
            }
            Some(Err(answer)) => vec![of(refused(&answer))],
            // It is started again, with the config.
            None => Vec::new(),
        }
    }

    /// What a process answers; `None` if it doesn't.
    async fn asked(
        &self,
        own: &Instance,
        request: &Request,
        patience: Duration,
    ) -> Option<Result<String, serde_json::Value>> {
        let process = process(&own.unit, own.number);
        let stream = connect(&self.reloading.data, &process).await.ok().flatten()?;
        let answer = ask(stream, request, patience).await.ok()?;
        Some(answer.map(|answer| answer.get().to_owned()))
    }
}

/// Why a process that runs has not taken a config that `up` has accepted: it is of another build.
fn refused(answer: &serde_json::Value) -> String {
    match Refusal::of(answer) {
        Some(Refusal::Invalid(mistakes)) => {
            let all: Vec<_> = mistakes.iter().map(|mistake| mistake.text.as_str()).collect();
            format!("it refuses the config: {}", all.join("; "))
        }
        _ => format!("it says: {answer}"),
    }
}

/// Waits until a new instance is ready; says if it isn't.
async fn started(own: Instance) -> Option<String> {
    let mut life = own.life.clone();
    let ready = life.wait_for(|life| matches!(life.state, State::Ready | State::Away));
    let late = timeout(READY, ready).await.is_err();
    late.then(|| format!("{} isn't ready after {READY:?}", own.name()))
}
