//! What follows from an attempt that failed: another one, a wait, a fallback, or the call's end.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use seam::prelude::*;
use seam_core::call::{CallOptions, CallPolicy, Client, Deadlines, Route, Target};
use seam_core::codec;
use seam_core::context::CallContext;
use seam_core::name::ServiceId;
use seam_core::outcome::Failure;
use seam_core::remote::{
    Caller, Outbound, Remote, RemoteReply, Replies, ReplyBody, ReplyKind, Sent,
};
use seam_core::time::Clock;
use tokio::sync::Notify;

#[seam::error]
enum TariffError {
    /// There is no such thing.
    Nothing,
}

/// What things cost.
#[seam::contract(name = "tariff", version = "1.0")]
trait Tariff {
    /// May be asked as often as one likes.
    #[call(idempotent)]
    async fn price(&self, sku: u64) -> Result<u64, TariffError>;
    /// May not.
    async fn buy(&mut self, sku: u64) -> Result<u64, TariffError>;
}

/// What becomes of an attempt.
enum Comes {
    Answer(u64),
    Degraded(u64),
    Service(TariffError),
    Fails(Failure),
    Nowhere,
}

/// What was seen of an attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    tried: u64,
    no_retry: bool,
    left: Duration,
}

/// A remote that does as it was told, one attempt after the other.
#[derive(Default)]
struct Scripted {
    script: Mutex<VecDeque<Comes>>,
    seen: Mutex<Vec<Seen>>,
    others: bool,
    somebody: Arc<Notify>,
}

impl Replies for Scripted {}

impl Remote for Scripted {
    fn send(&self, call: Outbound<'_>) -> Sent {
        let left = call.context.deadline.since(call.now);
        let no_retry = call.context.no_retry;
        self.seen.lock().push(Seen { tried: call.tried, no_retry, left });
        let answer = |value: u64| {
            let mut bytes = Vec::new();
            codec::encode(&value, &mut bytes).unwrap();
            ReplyBody { bytes: bytes.into(), ..ReplyBody::default() }
        };
        let reply = match self.script.lock().pop_front().expect("no such attempt was foreseen") {
            Comes::Answer(value) => Ok(answer(value)),
            Comes::Degraded(value) => Ok(ReplyBody { degraded: true, ..answer(value) }),
            Comes::Service(error) => {
                let mut bytes = Vec::new();
                codec::encode(&error, &mut bytes).unwrap();
                let kind = ReplyKind::ServiceError;
                Ok(ReplyBody { kind, bytes: bytes.into(), ..ReplyBody::default() })
            }
            Comes::Fails(failure) => Err(failure),
            Comes::Nowhere => return Sent::Nowhere("nobody is there".into()),
        };
        Sent::Waits(RemoteReply::ready(reply))
    }

    fn has_others(&self) -> bool {
        self.others
    }

    fn anybody(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let somebody = Arc::clone(&self.somebody);
        Box::pin(async move { somebody.notified().await })
    }
}

struct World {
    remote: Arc<Scripted>,
    route: Arc<Route<TariffContract>>,
    client: TariffClient,
}

impl World {
    fn new(policy: CallPolicy, others: bool, script: impl IntoIterator<Item = Comes>) -> Self {
        let script = Mutex::new(script.into_iter().collect());
        let remote = Arc::new(Scripted { script, others, ..Scripted::default() });
        let service = ServiceId::of("tariff").unwrap();
        let route = Route::new(service, Deadlines::default(), Clock::fast()).guarded(&policy);
        route.set(Target::Remote(remote.clone()));
        let route = Arc::new(route);
        let client = Client::new(Arc::clone(&route), Caller::Program).into();
        Self { remote, route, client }
    }

    fn by_default(script: impl IntoIterator<Item = Comes>) -> Self {
        Self::new(CallPolicy::default(), false, script)
    }

    fn attempts(&self) -> usize {
        assert!(self.remote.script.lock().is_empty(), "all that was foreseen has come");
        self.remote.seen.lock().len()
    }

    fn counted(&self) -> (u64, u64, u64) {
        let counted = self.route.meters().called();
        let (_, price) = counted.into_iter().find(|(method, _)| *method == "price").unwrap();
        (price.retries, price.retries_denied, price.fallbacks)
    }
}

fn lost() -> Comes {
    Comes::Fails(Unknown::ConnectionLost { reason: "cut".into() }.into())
}

fn overloaded() -> Comes {
    Comes::Fails(NotExecuted::Overloaded { retry_after: ms(20) }.into())
}

#[tokio::test(start_paused = true)]
async fn what_may_have_run_is_tried_again_only_if_that_does_no_harm() {
    let world = World::by_default([lost(), lost(), Comes::Answer(7)]);
    assert_eq!(world.client.price(1).await, Ok(7));
    assert_eq!((world.attempts(), world.counted()), (3, (2, 0, 0)));
    let world = World::by_default([lost()]);
    assert!(world.client.buy(1).await.unwrap_err().unknown());
    assert_eq!(world.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_did_not_run_is_tried_again_three_times_at_most() {
    let world = World::by_default([overloaded(), Comes::Answer(7)]);
    assert_eq!(world.client.buy(1).await, Ok(7));
    let world = World::by_default([overloaded(), overloaded(), overloaded()]);
    assert!(world.client.buy(1).await.unwrap_err().not_executed());
    assert_eq!(world.attempts(), 3);
}

#[tokio::test(start_paused = true)]
async fn what_may_have_run_once_stays_unknown_whatever_refuses_it_later() {
    let refused = || Comes::Fails(NotExecuted::unavailable("it leaves").into());
    for last in [overloaded(), refused(), Comes::Fails(NotExecuted::DeadlineExceeded.into())] {
        let world = World::by_default([lost(), overloaded(), last]);
        let error = world.client.price(1).await.unwrap_err();
        assert!(matches!(error, CallError::Unknown(Unknown::ConnectionLost { .. })), "{error:?}");
    }
    // Nobody takes it any more.
    let policy = CallPolicy { wait: Duration::ZERO, ..CallPolicy::default() };
    let world = World::new(policy, false, [lost(), Comes::Nowhere]);
    assert!(world.client.price(1).await.unwrap_err().unknown());
    // Its time is over before it is tried again.
    let world = World::by_default([lost(), overloaded(), overloaded()]);
    let error = world.client.price(1).deadline(ms(150)).await.unwrap_err();
    assert!(error.unknown(), "{error:?}");
    // Each attempt was refused.
    let world = World::by_default([overloaded(), overloaded(), overloaded()]);
    assert!(world.client.price(1).await.unwrap_err().not_executed());
}

#[tokio::test(start_paused = true)]
async fn an_answer_a_service_error_and_what_is_wrong_are_final() {
    let never = [
        NotExecuted::Denied { why: "no".into() },
        NotExecuted::bad_request("no"),
        NotExecuted::Incompatible { what: "no".into() },
        NotExecuted::BreakerOpen { retry_after: ms(1) },
    ];
    for why in never {
        let world = World::by_default([Comes::Fails(why.clone().into())]);
        assert_eq!(world.client.price(1).await, Err(why.into()));
        assert_eq!(world.attempts(), 1);
    }
    let world = World::by_default([Comes::Service(TariffError::Nothing)]);
    assert_eq!(world.client.price(1).await, Err(CallError::Service(TariffError::Nothing)));
    assert_eq!(world.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_layer_tries_again() {
    let world = World::by_default([lost(), Comes::Answer(7)]);
    world.client.price(1).await.unwrap();
    let seen = world.remote.seen.lock().clone();
    assert_eq!((seen[0].no_retry, seen[1].no_retry), (false, true), "and its callee doesn't");
    assert_eq!((seen[0].tried, seen[1].tried), (0, 1), "where it failed is known");
    let world = World::by_default([lost()]);
    let mut context = CallContext::root();
    context.no_retry = true;
    let options = CallOptions { context: Some(Arc::new(context)), ..CallOptions::default() };
    world.client.price(1).options(options).await.unwrap_err();
    assert_eq!(world.attempts(), 1);
}

/// Else each hop above a service that is away would multiply the load of the next one.
#[tokio::test(start_paused = true)]
async fn what_failed_further_on_is_tried_again_there_and_not_here() {
    let inner = InnerError { service: "stock".into(), method: "left".into(), cause: "away".into() };
    let world = World::by_default([Comes::Fails(Unknown::Inner(inner.clone()).into())]);
    assert_eq!(world.client.price(1).await, Err(Unknown::Inner(inner).into()));
    assert_eq!((world.attempts(), world.counted()), (1, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn who_has_spent_the_budget_tries_nothing_again() {
    let policy = CallPolicy { retry_budget: 0.0, retry_floor: 0, ..CallPolicy::default() };
    let world = World::new(policy, false, [lost()]);
    world.client.price(1).await.unwrap_err();
    assert_eq!((world.attempts(), world.counted()), (1, (0, 1, 0)));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_leaves_time_for_another_one() {
    let world = World::new(CallPolicy::default(), true, [lost(), lost(), Comes::Answer(7)]);
    world.client.price(1).deadline(secs(4)).await.unwrap();
    let left: Vec<_> = world.remote.seen.lock().iter().map(|seen| seen.left).collect();
    assert!(left[0] <= secs(2) && left[0] > ms(1_900), "{left:?}");
    assert!(left[1] <= secs(2), "{left:?}");
    assert!(left[2] > secs(3), "the last one may take all that is left: {left:?}");
    // Nobody else is there, or it may not be tried again: no reason to stop waiting.
    let alone = World::by_default([Comes::Answer(7)]);
    alone.client.price(1).deadline(secs(4)).await.unwrap();
    let once = World::new(CallPolicy::default(), true, [Comes::Answer(7)]);
    once.client.buy(1).deadline(secs(4)).await.unwrap();
    for world in [alone, once] {
        assert!(world.remote.seen.lock()[0].left > ms(3_900));
    }
}

#[tokio::test(start_paused = true)]
async fn who_finds_nobody_waits_for_somebody_and_pays_nothing_for_that() {
    let world = World::by_default([Comes::Nowhere, Comes::Answer(7)]);
    let call = tokio::spawn(world.client.buy(1));
    tokio::time::sleep(ms(300)).await;
    assert!(!call.is_finished());
    world.remote.somebody.notify_waiters();
    assert_eq!(call.await.unwrap(), Ok(7));
}

#[tokio::test]
async fn but_not_for_ever_and_not_in_crowds() {
    let policy = CallPolicy { wait: ms(30), ..CallPolicy::default() };
    let world = World::new(policy, false, [Comes::Nowhere, Comes::Nowhere]);
    let error = world.client.buy(1).await.unwrap_err();
    assert_eq!(error, NotExecuted::unavailable("nobody is there").into());
    let world = World::by_default((0..257).map(|_| Comes::Nowhere));
    let waiting: Vec<_> = (0..256).map(|_| tokio::spawn(world.client.buy(1))).collect();
    while world.remote.seen.lock().len() < 256 {
        tokio::task::yield_now().await;
    }
    let refused = world.client.buy(1).await;
    assert_eq!(refused, Err(NotExecuted::unavailable("nobody is there").into()));
    assert!(waiting.iter().all(|call| !call.is_finished()));
    waiting.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_answers_after_the_last_attempt_and_is_told_to_who_asked() {
    let root = Arc::new(CallContext::root());
    let options = CallOptions { context: Some(Arc::clone(&root)), ..CallOptions::default() };
    let world = World::by_default([lost(), lost(), lost()]);
    let call = world.client.price(1).options(options.clone()).fallback(|error| {
        assert!(error.unknown());
        9
    });
    assert_eq!(call.await, Ok(9));
    assert_eq!((world.attempts(), world.counted()), (3, (2, 0, 1)));
    assert!(root.is_degraded());

    let root = Arc::new(CallContext::root());
    let options = CallOptions { context: Some(Arc::clone(&root)), ..options };
    let world = World::by_default([Comes::Service(TariffError::Nothing), Comes::Answer(7)]);
    let said_no = world.client.price(1).options(options.clone()).fallback(|_| 9).await;
    assert_eq!(said_no, Err(CallError::Service(TariffError::Nothing)), "the service has answered");
    assert_eq!(world.client.price(1).options(options.clone()).fallback(|_| 9).await, Ok(7));
    assert!(!root.is_degraded());

    let world = World::by_default([Comes::Degraded(7)]);
    assert_eq!(world.client.price(1).options(options).await, Ok(7));
    assert!(root.is_degraded(), "somebody further on has fallen back");
}

#[tokio::test(start_paused = true)]
async fn more_than_may_be_under_way_are_overloaded() {
    let policy = CallPolicy { in_flight: 1, wait: secs(9), ..CallPolicy::default() };
    let world = World::new(policy, false, [Comes::Answer(7)]);
    // What is over at once is never under way.
    assert_eq!(world.client.buy(1).await, Ok(7));
    let policy = CallPolicy { rate: 1, ..CallPolicy::default() };
    let world = World::new(policy, false, [Comes::Answer(7), Comes::Answer(7)]);
    let mut refused = 0;
    for _ in 0..3 {
        match world.client.buy(1).await {
            Ok(7) => {}
            Err(CallError::NotExecuted(NotExecuted::Overloaded { retry_after })) => {
                assert!(retry_after <= secs(1) && retry_after > Duration::ZERO);
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(refused >= 1, "one a second");
}
