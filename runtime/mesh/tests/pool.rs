//! A pool's endpoints: which of them gets a call, and what it is when none does.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::context::CallContext;
use seam_core::contract::MethodSpec;
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::policy::{Balance, BreakerSettings};
use seam_core::remote::{Caller, Form, Outbound, Remote, Replies, ReplyBody, Sent, Ticket};
use seam_core::time::{Clock, Moment};
use seam_mesh::{Endpoint, EndpointState, Pool};

static PRICE: MethodSpec = MethodSpec { idempotent: true, ..MethodSpec::plain("price", 0) };

/// An endpoint that counts what it is sent, and answers when it is told.
#[derive(Default)]
struct Far {
    sent: AtomicU64,
    forgotten: AtomicU64,
    replies: Mutex<Vec<Result<(), Failure>>>,
}

impl Replies for Far {
    fn poll(
        &self,
        _: Ticket,
        _: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Box<Failure>>> {
        match self.replies.lock().pop() {
            None => Poll::Pending,
            Some(Ok(())) => {
                body.at = Moment::from_nanos(1);
                Poll::Ready(Ok(()))
            }
            Some(Err(failure)) => Poll::Ready(Err(Box::new(failure))),
        }
    }

    fn forget(&self, _: Ticket) {
        self.forgotten.fetch_add(1, Ordering::Relaxed);
    }
}

impl Remote for Far {
    fn send(&self, _: Outbound<'_>) -> Sent {
        Sent::Kept(Ticket::new(self.sent.fetch_add(1, Ordering::Relaxed)))
    }
}

/// A pool of endpoints that are ready.
struct House {
    pool: Pool,
    far: Vec<(Arc<Far>, Endpoint)>,
    clock: Clock,
}

impl House {
    fn of(endpoints: u16, balance: Balance) -> Self {
        let service = ServiceId::of("pool-test").unwrap();
        let clock = Clock::manual();
        let pool = Pool::new(service, balance, BreakerSettings::default(), clock.clone());
        let join = |instance| {
            let far = Arc::new(Far::default());
            let endpoint = pool.join("quote", instance, far.clone()).unwrap();
            endpoint.set_ready(true);
            (far, endpoint)
        };
        let far = (0..endpoints).map(join).collect();
        Self { pool, far, clock }
    }

    fn send(&self, tried: u64, key: Option<u64>) -> Sent {
        let context = CallContext::root();
        self.pool.send(Outbound {
            service: ServiceId::of("pool-test").unwrap(),
            method: &PRICE,
            caller: Caller::Program,
            context: &context,
            body: &1_u64,
            form: Form::Encoded,
            tried,
            key,
            now: self.clock.now(),
            waker: Waker::noop(),
        })
    }

    /// Sends a call, which comes to that; returns who carried it.
    fn call(&self, reply: Result<(), Failure>) -> usize {
        let Sent::Kept(ticket) = self.send(0, None) else { panic!("it was sent") };
        self.came(ticket, reply);
        usize::from(ticket.carrier.endpoint)
    }

    fn came(&self, ticket: Ticket, reply: Result<(), Failure>) {
        let endpoint = usize::from(ticket.carrier.endpoint);
        self.far[endpoint].0.replies.lock().push(reply);
        let mut body = ReplyBody::default();
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(self.pool.poll(ticket, cx, &mut body).is_ready());
    }

    fn state(&self, endpoint: usize) -> EndpointState {
        self.pool.status()[endpoint].state
    }
}

fn lost() -> Result<(), Failure> {
    Err(Unknown::ConnectionLost { reason: "cut".into() }.into())
}

#[test]
fn equal_endpoints_share_the_calls() {
    let house = House::of(5, Balance::P2c);
    let mut counts = [0; 5];
    for _ in 0..1_000 {
        counts[house.call(Ok(()))] += 1;
    }
    assert!(counts.iter().all(|count| (60..=400).contains(count)), "{counts:?}");
    let status = house.pool.status();
    assert_eq!(status.iter().map(|endpoint| endpoint.calls).sum::<u64>(), 1_000);
    assert!(status.iter().all(|endpoint| endpoint.in_flight == 0));
}

#[test]
fn who_is_not_ready_or_leaves_gets_none() {
    let house = House::of(3, Balance::RoundRobin);
    house.far[0].1.set_ready(false);
    house.far[1].1.set_draining(true);
    assert!((0..9).all(|_| house.call(Ok(())) == 2));
    assert_eq!(
        (house.state(0), house.state(1)),
        (EndpointState::Connecting, EndpointState::Draining)
    );
    house.far[1].1.set_draining(false);
    assert!((0..9).any(|_| house.call(Ok(())) == 1));
}

#[test]
fn who_is_not_well_gets_calls_only_if_no_other_can() {
    let house = House::of(2, Balance::P2c);
    house.far[0].1.set_doubtful(true);
    assert!((0..9).all(|_| house.call(Ok(())) == 1));
    house.far[1].1.set_ready(false);
    assert_eq!(house.call(Ok(())), 0);
}

#[test]
fn a_breaker_opens_for_one_and_not_for_the_others() {
    let house = House::of(2, Balance::RoundRobin);
    while house.state(0) == EndpointState::Ready {
        let Sent::Kept(ticket) = house.send(0, None) else { panic!("it was sent") };
        house.came(ticket, if ticket.carrier.endpoint == 0 { lost() } else { Ok(()) });
    }
    assert_eq!(house.state(0), EndpointState::Open);
    assert!((0..9).all(|_| house.call(Ok(())) == 1));
    house.clock.advance(Duration::from_secs(2));
    assert!((0..9).any(|_| house.call(Ok(())) == 0), "one is let through");
    assert_eq!(house.state(0), EndpointState::Ready, "and by its success, all");
}

#[test]
fn if_all_have_failed_too_often_the_breaker_says_so_at_once() {
    let house = House::of(2, Balance::P2c);
    let open = loop {
        match house.send(0, None) {
            Sent::Kept(ticket) => house.came(ticket, lost()),
            other => break other,
        }
    };
    let Sent::Waits(mut reply) = open else { panic!("{open:?}") };
    let cx = &mut Context::from_waker(Waker::noop());
    let Poll::Ready(Err(Failure::NotExecuted(NotExecuted::BreakerOpen { retry_after }))) =
        std::pin::Pin::new(&mut reply).poll(cx)
    else {
        panic!("the breakers are open")
    };
    assert!(retry_after >= Duration::from_secs(1) && retry_after <= Duration::from_millis(1_500));
}

#[test]
fn an_attempt_goes_where_none_went_before() {
    let house = House::of(3, Balance::P2c);
    for _ in 0..20 {
        let Sent::Kept(ticket) = house.send(0b011, None) else { panic!("it was sent") };
        assert_eq!(ticket.carrier.endpoint, 2);
        house.came(ticket, Ok(()));
    }
    let all = house.send(0b111, None);
    assert!(matches!(all, Sent::Kept(_)), "where all have failed, one of them");
}

#[test]
fn the_same_key_goes_to_the_same_endpoint() {
    let house = House::of(5, Balance::Hash);
    let carrier = |key| match house.send(0, Some(key)) {
        Sent::Kept(ticket) => {
            house.came(ticket, Ok(()));
            ticket.carrier.endpoint
        }
        other => panic!("{other:?}"),
    };
    let first: Vec<_> = (0..50).map(carrier).collect();
    assert_eq!(first, (0..50).map(carrier).collect::<Vec<_>>());
    assert!((0..5).all(|endpoint| first.contains(&endpoint)), "{first:?}");
    house.far[4].1.set_ready(false);
    let moved = (0..50).filter(|key| carrier(*key) != first[*key as usize]).count();
    assert_eq!(moved, first.iter().filter(|endpoint| **endpoint == 4).count());
}

#[tokio::test]
async fn a_call_that_finds_nobody_is_told_when_somebody_comes() {
    let house = House::of(1, Balance::P2c);
    house.far[0].1.set_ready(false);
    assert!(matches!(house.send(0, None), Sent::Nowhere(_)));
    let waiting = tokio::spawn(house.pool.anybody());
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    house.far[0].1.set_ready(true);
    waiting.await.unwrap();
    house.pool.anybody().await;
    assert_eq!(house.call(Ok(())), 0);
}

#[tokio::test]
async fn those_who_wait_go_in_their_order() {
    let house = House::of(1, Balance::P2c);
    house.far[0].1.set_ready(false);
    let gone = Arc::new(Mutex::new(Vec::new()));
    let waiting: Vec<_> = (0..50)
        .map(|number| {
            let (gone, anybody) = (Arc::clone(&gone), house.pool.anybody());
            tokio::spawn(async move {
                anybody.await;
                gone.lock().push(number);
            })
        })
        .collect();
    tokio::task::yield_now().await;
    house.far[0].1.set_ready(true);
    for task in waiting {
        task.await.unwrap();
    }
    assert_eq!(*gone.lock(), (0..50).collect::<Vec<_>>());
}

#[test]
fn a_caller_who_leaves_says_nothing_of_the_endpoint() {
    let house = House::of(1, Balance::P2c);
    for _ in 0..50 {
        let Sent::Kept(ticket) = house.send(0, None) else { panic!("it was sent") };
        house.pool.forget(ticket);
    }
    assert_eq!(house.far[0].0.forgotten.load(Ordering::Relaxed), 50);
    assert_eq!((house.state(0), house.pool.status()[0].in_flight), (EndpointState::Ready, 0));
}

#[test]
fn an_endpoint_that_is_gone_is_told_of_until_its_last_call_is_over() {
    let house = House::of(2, Balance::RoundRobin);
    let told_of = || house.pool.status().iter().map(|own| own.instance).collect::<Vec<_>>();
    let under_way = loop {
        match house.send(0, None) {
            Sent::Kept(ticket) if ticket.carrier.endpoint == 1 => break ticket,
            Sent::Kept(ticket) => house.came(ticket, Ok(())),
            other => panic!("{other:?}"),
        }
    };
    let gone = &house.far[1].1;
    gone.set_gone(true);
    assert_eq!(told_of(), [0, 1], "it is still there");
    gone.set_ready(false);
    assert_eq!(told_of(), [0, 1], "a call is still there");
    house.came(under_way, Ok(()));
    assert_eq!(told_of(), [0]);
    gone.set_gone(false);
    gone.set_ready(true);
    assert_eq!(told_of(), [0, 1], "it has come again, to its own place");
}
