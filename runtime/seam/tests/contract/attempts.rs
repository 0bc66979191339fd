//! What becomes of a call's message, and of limits that change while a service runs.

use std::future::{Future, poll_fn, ready};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use seam::prelude::*;
use seam_core::call::{
    AnyClient, Callable, Client, Deadlines, Faults, Hosts, Inbox, Rehearsal, Route, Target,
};
use seam_core::contract::{Contract, Method, Never};
use seam_core::home::Home;
use seam_core::metrics::Meters;
use seam_core::name::ServiceId;
use seam_core::record::Recorder;
use seam_core::remote::Caller;
use seam_core::time::Clock;
use seam_core::turn::{Factory, Host, HostSettings, Keeping, Limits};
use tokio::sync::Notify;

#[seam::error]
enum LedgerError {
    /// It says no.
    No,
}

/// Keeps its caller waiting.
#[seam::contract(name = "ledger", version = "1.0")]
trait Ledger {
    /// Waits until it is let go, alone.
    async fn hold(&mut self, text: String) -> u64;
    /// Says no, or panics.
    async fn refuse(&mut self, text: String) -> Result<u64, LedgerError>;
    /// The deadline of its own turn, in nanoseconds of the clock.
    async fn until(&self) -> u64;
}

struct Keeper(Arc<Notify>);

impl Ledger for Keeper {
    async fn hold(&mut self, text: String) -> u64 {
        self.0.notified().await;
        text.len() as u64
    }

    async fn refuse(&mut self, text: String) -> Result<u64, LedgerError> {
        assert_ne!(text, "panic");
        Err(LedgerError::No)
    }

    async fn until(&self) -> u64 {
        seam::context::current().map_or(0, |context| context.deadline.as_nanos())
    }
}

struct Keepers(Arc<Notify>);

type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl Factory<Keeper> for Keepers {
    fn build(&self) -> Boxed<'_, Result<Keeper, StartError>> {
        Box::pin(ready(Ok(Keeper(Arc::clone(&self.0)))))
    }

    fn stop<'a>(&'a self, _: &'a mut Keeper) -> Boxed<'a, ()> {
        Box::pin(ready(()))
    }

    fn health<'a>(&'a self, _: &'a Keeper) -> Boxed<'a, Health> {
        Box::pin(ready(Health::Good))
    }
}

/// A service whose turns wait, by a clock that stands.
struct House {
    host: Arc<Host<Keeper>>,
    service: ServiceId,
    clock: Clock,
    go: Arc<Notify>,
    raw: Client<LedgerContract>,
    client: LedgerClient,
}

impl House {
    async fn new(mailbox: u32) -> Self {
        let service = ServiceId::of(LedgerContract::NAME).unwrap();
        let (clock, go) = (Clock::manual(), Arc::new(Notify::new()));
        let limits = Limits { mailbox, ..Limits::default() };
        let settings = HostSettings {
            limits: limits.into(),
            clock: clock.clone(),
            ..HostSettings::new(service, Home::shared().unwrap())
        };
        let host = Host::start(settings, Arc::new(Keepers(Arc::clone(&go))));
        host.started().await.unwrap();
        let raw = client(service, &clock, Target::Local(LedgerContract::erase(host.clone())));
        Self { host, service, clock, go, client: raw.clone().into(), raw }
    }

    /// A client whose calls go through a rehearsal with such faults.
    fn elsewhere(&self, faults: Faults) -> LedgerClient {
        self.over(|wire| wire, faults)
    }

    /// The same whose faults follow from a seed.
    fn seeded(&self, seed: u64, faults: Faults) -> LedgerClient {
        self.over(|wire| wire.seeded(seed), faults)
    }

    fn over(&self, made: impl FnOnce(Rehearsal) -> Rehearsal, faults: Faults) -> LedgerClient {
        let (contract, clock) = (LedgerContract::descriptor(), self.clock.clone());
        let recorder = Arc::new(Recorder::new(&clock, 0));
        let meters = Arc::new(Meters::new(self.service, contract, recorder, clock));
        let host = LedgerContract::erase(Arc::clone(&self.host));
        let inbox = Inbox::<LedgerContract>::new(self.service, host, [], meters);
        let wire = made(Rehearsal::new(Arc::new(inbox), faults, self.clock.clone()));
        client(self.service, &self.clock, Target::Remote(Arc::new(wire))).into()
    }

    /// A call that has the service for itself.
    async fn held(&self) -> Call<impl Callable<Answer = u64, Error = Never> + use<>> {
        let mut call = self.client.hold("first".to_owned());
        assert!(begin(&mut call).await.is_none(), "it waits");
        call
    }
}

fn client(
    service: ServiceId,
    clock: &Clock,
    target: Target<LedgerContract>,
) -> Client<LedgerContract> {
    let route = Route::new(service, Deadlines::default(), clock.clone());
    route.set(target);
    Client::new(Arc::new(route), Caller::Program)
}

type Came<M> = Result<<M as Method>::Answer, CallError<<M as Method>::Error>>;

/// Polls a call once.
async fn begin<M: Callable>(call: &mut Call<M>) -> Option<Came<M>> {
    poll_fn(|cx| match Pin::new(&mut *call).poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// What a message says.
fn said<M: Method>(message: &M) -> String {
    serde_json::to_value(message).unwrap()["text"].as_str().unwrap().to_owned()
}

/// Why a call didn't run, and what its message says.
async fn refused<M: Callable>(mut call: Call<M>) -> (NotExecuted, String) {
    match (&mut call).await {
        Err(CallError::NotExecuted(why)) => {
            let said_before = said(call.message().expect("a call that didn't run has its message"));
            assert_eq!(said(&call.into_message().unwrap()), said_before);
            (why, said_before)
        }
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it ran"),
    }
}

#[tokio::test]
async fn what_is_refused_at_once_has_its_message() {
    let house = House::new(1).await;
    let call = house.client.hold("late".to_owned()).deadline(Duration::ZERO);
    assert_eq!(refused(call).await, (NotExecuted::DeadlineExceeded, "late".to_owned()));
    let _held = house.held().await;
    let (why, text) = refused(house.client.hold("too many".to_owned())).await;
    assert_eq!((why.code().as_str(), &*text), ("overloaded", "too many"));
}

#[tokio::test]
async fn what_expires_in_line_has_its_message() {
    let house = House::new(8).await;
    let _held = house.held().await;
    let mut call = house.client.hold("waits".to_owned()).deadline(ms(5));
    assert!(begin(&mut call).await.is_none());
    assert!(call.message().is_none(), "it is in line with the call");
    house.clock.advance(ms(6));
    assert_eq!(refused(call).await, (NotExecuted::DeadlineExceeded, "waits".to_owned()));
}

#[tokio::test]
async fn what_waits_when_the_service_stops_has_its_message() {
    let house = House::new(8).await;
    let _held = house.held().await;
    let mut call = house.client.hold("waits".to_owned());
    assert!(begin(&mut call).await.is_none());
    house.host.stop(Duration::ZERO).await;
    let (why, text) = refused(call).await;
    assert_eq!((why.code().as_str(), &*text), ("unavailable", "waits"));
    let (why, text) = refused(house.client.hold("after".to_owned())).await;
    assert_eq!((why.code().as_str(), &*text), ("unavailable", "after"));
}

#[tokio::test]
async fn what_was_never_sent_has_its_message() {
    let house = House::new(8).await;
    let nowhere = client(house.service, &house.clock, Target::Away("nobody hosts it".into()));
    let away = LedgerClient::from(nowhere);
    let refuses = house.elsewhere(Faults { refused: 1.0, ..Faults::default() });
    for client in [away, refuses] {
        let (why, text) = refused(client.hold("stays".to_owned())).await;
        assert_eq!((why.code().as_str(), &*text), ("unavailable", "stays"));
    }
}

#[tokio::test]
async fn what_was_sent_has_its_message_until_its_reply() {
    let house = House::new(1).await;
    // The callee refuses it.
    let held = house.held().await;
    let (why, text) = refused(house.elsewhere(Faults::default()).hold("full".to_owned())).await;
    assert_eq!((why.code().as_str(), &*text), ("overloaded", "full"));
    house.go.notify_one();
    held.await.unwrap();
    // It runs, and what it answers comes.
    let mut call = house.elsewhere(Faults::default()).hold("sent".to_owned());
    assert!(begin(&mut call).await.is_none());
    assert!(call.message().is_some_and(|message| said(message) == "sent"));
    house.go.notify_one();
    assert_eq!((&mut call).await.unwrap(), 4);
    assert!(call.message().is_none(), "its reply is there");
    let mut call = house.elsewhere(Faults::default()).refuse(String::new());
    assert!(matches!((&mut call).await, Err(CallError::Service(LedgerError::No))));
    assert!(call.into_message().is_none(), "so is this one's");
    // It runs, and its reply is lost.
    let mut call = house.elsewhere(Faults { lost: 1.0, ..Faults::default() }).refuse("lost".into());
    let lost = (&mut call).await;
    assert!(matches!(lost, Err(CallError::Unknown(Unknown::ConnectionLost { .. }))), "{lost:?}");
    assert_eq!(call.into_message().map(|message| said(&message)).as_deref(), Some("lost"));
}

/// What befell 200 calls: `.` nothing, `r` refused, `l` lost.
async fn befell(client: &LedgerClient) -> String {
    let mut befell = String::new();
    for _ in 0..200 {
        befell.push(match client.until().await {
            Ok(_) => '.',
            Err(CallError::NotExecuted(_)) => 'r',
            Err(CallError::Unknown(_)) => 'l',
            Err(other) => panic!("{other:?}"),
        });
    }
    befell
}

#[tokio::test]
async fn the_same_seed_has_the_same_faults() {
    let house = House::new(8).await;
    let faults = Faults { lost: 0.2, refused: 0.2, ..Faults::default() };
    let first = befell(&house.seeded(7, faults)).await;
    assert_eq!(first, befell(&house.seeded(7, faults)).await);
    assert_ne!(first, befell(&house.seeded(8, faults)).await);
    for fault in ['r', 'l'] {
        let share = first.chars().filter(|befell| *befell == fault).count();
        assert!((15..70).contains(&share), "{first}");
    }
    // What is lost is lost whatever is refused, unless it never gets there.
    let more = befell(&house.seeded(7, Faults { refused: 0.5, ..faults })).await;
    let kept = first.chars().zip(more.chars()).all(|(a, b)| b == a || b == 'r');
    assert!(kept, "{first}\n{more}");
}

#[tokio::test]
async fn what_began_here_has_none() {
    let house = House::new(8).await;
    let mut held = house.held().await;
    assert!(held.message().is_none(), "its turn has it");
    let mut in_line = house.client.hold("second".to_owned());
    assert!(begin(&mut in_line).await.is_none());
    house.go.notify_one();
    assert_eq!((&mut held).await.unwrap(), 5);
    house.go.notify_one();
    assert_eq!((&mut in_line).await.unwrap(), 6);
    assert!(held.message().is_none() && in_line.message().is_none());
    for text in ["no", "panic"] {
        let mut call = house.client.refuse(text.to_owned());
        assert!((&mut call).await.is_err());
        assert!(call.message().is_none(), "{text}");
    }
}

#[tokio::test]
async fn a_changed_mailbox_holds_for_the_next_call() {
    let house = House::new(1).await;
    let _held = house.held().await;
    let limits = house.host.limits();
    limits.set(Limits { mailbox: 2, ..**limits.load() });
    let mut second = house.client.hold("second".to_owned());
    assert!(begin(&mut second).await.is_none(), "there is room for it");
    refused(house.client.hold("third".to_owned())).await;
    limits.set(Limits { mailbox: 3, ..**limits.load() });
    let mut third = house.client.hold("third".to_owned());
    assert!(begin(&mut third).await.is_none());
    limits.set(Limits { mailbox: 1, ..**limits.load() });
    let (why, _) = refused(house.client.hold("fourth".to_owned())).await;
    assert_eq!(why.code().as_str(), "overloaded");
    // Those who are in keep their places.
    drop(third);
    let mut second = Box::pin(second);
    loop {
        house.go.notify_one();
        tokio::select! {
            answer = &mut second => break assert_eq!(answer.unwrap(), 6),
            () = tokio::task::yield_now() => {}
        }
    }
}

#[tokio::test]
async fn a_changed_turn_limit_holds_for_turns_that_run() {
    let house = House::new(8).await;
    let held = house.held().await;
    let limits = house.host.limits();
    limits.set(Limits { turn_limit: ms(10), ..**limits.load() });
    house.clock.advance(ms(11));
    assert!(matches!(held.await, Err(CallError::Unknown(Unknown::Abandoned))));
}

#[tokio::test]
async fn a_changed_deadline_holds_for_the_next_call() {
    let house = House::new(8).await;
    assert_eq!(house.client.until().await.unwrap(), 5_000_000_000);
    let deadlines = house.raw.deadlines();
    deadlines.set(Deadlines { otherwise: ms(3), ..**deadlines.load() });
    assert_eq!(house.client.until().await.unwrap(), 3_000_000);
    deadlines.set(Deadlines { service: Some(ms(2)), ..**deadlines.load() });
    assert_eq!(house.client.until().await.unwrap(), 2_000_000);
    assert_eq!(house.client.until().deadline(ms(1)).await.unwrap(), 1_000_000);
}
