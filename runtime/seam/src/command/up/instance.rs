//! An instance of a unit that is ended and started while `up` goes on.

use std::time::Duration;

use tokio::{
    sync::{mpsc, watch},
    time::{Instant, timeout},
};

use super::{
    super::control::News,
    Planned,
    child::Told,
    life::{Life, State},
};

/// How long a new process may take to be ready.
pub(super) const READY: Duration = Duration::from_secs(30);
/// So often may it end by itself before that.
const DEATHS: u64 = 3;

/// An instance, as who gives it orders sees it.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub(super) unit: String,
    pub(super) number: u16,
    pub(super) tell: watch::Sender<Told>,
    pub(super) life: watch::Receiver<Life>,
}

/// Where news goes. There is room for all news of an order, so that nobody waits for who reads it.
pub(super) type Teller = mpsc::Sender<News>;

/// What was asked for couldn't be done, which was told.
#[derive(Debug)]
pub(super) struct Failed;

impl Instance {
    pub(super) fn is_away(&self) -> bool {
        self.life.borrow().state == State::Away
    }

    /// What it is called.
    pub(super) fn name(&self) -> String {
        crate::config::process(&self.unit, self.number)
    }

    /// Whether it is the same as another.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.unit == other.unit && self.number == other.number
    }

    /// Whether a plan has it.
    pub(super) fn is_planned(&self, planned: &Planned) -> bool {
        self.unit == planned.unit && self.number == planned.instance
    }

    /// Ends its process, within `patience`, and keeps it away.
    pub(super) async fn drain(&self, patience: Duration, news: &Teller) -> Result<(), Failed> {
        let (unit, instance) = (self.unit.clone(), self.number);
        if self.is_away() {
            tell(news, News::Away { unit, instance });
            return Ok(());
        }
        self.end(patience, false, news).await
    }

    /// Ends its process, within `patience`, and waits until another is ready.
    pub(super) async fn restart(&self, patience: Duration, news: &Teller) -> Result<(), Failed> {
        if !self.is_away() {
            self.end(patience, true, news).await?;
        }
        self.start(news).await
    }

    async fn end(&self, patience: Duration, returns: bool, news: &Teller) -> Result<(), Failed> {
        let (unit, instance) = (self.unit.clone(), self.number);
        let began = Instant::now();
        tell(news, News::Draining { unit: unit.clone(), instance });
        self.tell.send_modify(|told| {
            told.away = Some(began + patience);
            told.returns = returns;
        });
        let mut life = self.life.clone();
        let killed = life.wait_for(|life| life.state == State::Away).await.map(|life| life.killed);
        let Ok(killed) = killed else { return self.stopping(news) };
        tell(news, News::Ended { unit, instance, took_ms: since(began), killed });
        Ok(())
    }

    async fn start(&self, news: &Teller) -> Result<(), Failed> {
        let began = Instant::now();
        let most = self.life.borrow().deaths + DEATHS;
        self.tell.send_modify(|told| told.away = None);
        let mut life = self.life.clone();
        let over = |life: &Life| life.state == State::Ready || life.deaths >= most;
        let over = timeout(READY, life.wait_for(over)).await.map(|over| over.map(|l| l.clone()));
        let reason = match over {
            Ok(Err(_)) => return self.stopping(news),
            Ok(Ok(life)) if life.state == State::Ready => {
                let (unit, instance) = (self.unit.clone(), self.number);
                tell(news, News::Ready { unit, instance, took_ms: since(began) });
                return Ok(());
            }
            Ok(Ok(life)) => format!("its new process ended {DEATHS} times ({})", life.how),
            Err(_) => format!("its new process isn't ready after {READY:?}"),
        };
        self.fail(news, reason)
    }

    fn stopping(&self, news: &Teller) -> Result<(), Failed> {
        self.fail(news, "`up` is stopping".into())
    }

    fn fail(&self, news: &Teller, reason: String) -> Result<(), Failed> {
        let (unit, instance) = (self.unit.clone(), self.number);
        let state = self.life.borrow().word().to_owned();
        tell(news, News::Failed { unit, instance, reason, state });
        Err(Failed)
    }
}

/// Tells it, if anybody is left who wants to know.
pub(super) fn tell(news: &Teller, what: News) {
    let _ = news.try_send(what);
}

fn since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}
