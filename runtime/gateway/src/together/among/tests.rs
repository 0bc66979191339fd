use std::future::pending;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use parking_lot::Mutex;
use seam_core::context::{CallContext, InboundContext};
use seam_core::outcome::Unknown;
use seam_core::remote::{Caller, Inbound, Inlet, Outbound, Remote, RemoteReply, Replies, Sent};

use super::ending::PAGE;
use super::request::Answer;
use super::*;
use crate::together::{Standing, Taken};

/// Edges in one process, each of which can be reached, or not, or hangs.
struct Net {
    clock: Clock,
    places: Vec<Arc<Place>>,
}

#[derive(Default)]
struct Place {
    edge: Mutex<Option<Arc<Among>>>,
    up: AtomicBool,
    hangs: AtomicBool,
}

/// The others, as one of them sees them.
struct Seen {
    own: usize,
    places: Vec<Arc<Place>>,
}

impl Others for Seen {
    fn any(&self) -> bool {
        self.places.len() > 1
    }

    fn reached(&self) -> Reached {
        let (mut others, mut before) = (Vec::new(), 0);
        for (number, place) in self.places.iter().enumerate() {
            if number != self.own && place.up.load(Ordering::SeqCst) {
                before += usize::from(number < self.own);
                let name = number.to_string().into();
                others.push(Other { name, remote: Arc::new(To(Arc::clone(place))) });
            }
        }
        Reached { others, before }
    }
}

struct To(Arc<Place>);

impl Replies for To {}

impl Remote for To {
    fn send(&self, call: Outbound<'_>) -> Sent {
        let edge = self.0.edge.lock().clone();
        let Some(edge) = edge.filter(|_| self.0.up.load(Ordering::SeqCst)) else {
            return Sent::failed(Unknown::ConnectionLost { reason: "killed".into() });
        };
        if self.0.hangs.load(Ordering::SeqCst) {
            return Sent::Waits(RemoteReply::from_future(pending()));
        }
        let mut body = Vec::new();
        call.body.encode(&mut body).unwrap();
        let mut context = InboundContext::copied(&CallContext::root());
        let inbound = Inbound {
            method: 0,
            body: &body,
            form: call.form,
            context: &mut context,
            caller: Caller::Edge,
            now: call.now,
        };
        let mut out = Vec::new();
        Sent::Waits(Companion::new(edge).serve(inbound, &mut out).into_reply(out))
    }
}

impl Net {
    async fn of(number: usize) -> Self {
        let places = (0..number).map(|_| Arc::default()).collect();
        let net = Self { clock: Clock::manual(), places };
        for number in 0..number {
            net.start(number, None).await;
        }
        net
    }

    /// Starts an edge anew, with what it has kept.
    async fn start(&self, own: usize, kept: Option<&Path>) {
        let seen = Seen { own, places: self.places.clone() };
        let kept = kept.map(|folder| InFiles::open(folder, "gate").unwrap());
        let edge = Arc::new(Among::new(Arc::new(seen), kept, self.clock.clone()).unwrap());
        let place = &self.places[own];
        *place.edge.lock() = Some(Arc::clone(&edge));
        place.up.store(true, Ordering::SeqCst);
        tokio::select! {
            biased;
            () = edge.join() => {}
            () = async { loop { self.pass(20).await } } => {}
        }
        tokio::spawn(async move { edge.run().await });
        self.pass(0).await;
    }

    fn kill(&self, number: usize) {
        self.places[number].up.store(false, Ordering::SeqCst);
    }

    fn edge(&self, number: usize) -> Arc<Among> {
        self.places[number].edge.lock().clone().unwrap()
    }

    /// Moves the clock on, and lets everybody do what is due.
    async fn pass(&self, millis: u64) {
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
        self.clock.advance(Duration::from_millis(millis));
        for _ in 0..50 {
            tokio::task::yield_now().await;
        }
    }

    /// How many of so many that ask at all these edges in turn are let in.
    async fn admitted(&self, edges: &[usize], asks: usize) -> usize {
        let mut admitted = 0;
        for number in 0..asks {
            let edge = self.edge(edges[number % edges.len()]);
            if let Standing::Admitted { .. } = edge.take(&[ask()]).taken().await.standing {
                admitted += 1;
            }
        }
        admitted
    }
}

fn ask() -> Ask<'static> {
    Ask { name: "user.create", key: "a", quota: "20/4s".parse().unwrap() }
}

const LASTING: Duration = Duration::from_secs(600);

#[tokio::test]
async fn what_all_let_in_is_counted_together() {
    let net = Net::of(3).await;
    assert_eq!(net.admitted(&[0, 1, 2], 70).await, 20);
    let Taken { of, standing } = net.edge(2).take(&[ask()]).taken().await;
    let Standing::Refused { wait } = standing else { panic!("{standing:?}") };
    assert_eq!((of, wait.as_millis()), (0, 4000));
    net.pass(4_001).await;
    assert_eq!(net.admitted(&[2, 1], 30).await, 20);
}

#[tokio::test]
async fn who_goes_on_when_the_first_dies_knows_what_it_let_in() {
    let net = Net::of(3).await;
    assert_eq!(net.admitted(&[0, 2], 12).await, 12);
    net.pass(30).await;
    net.kill(0);
    assert_eq!(net.admitted(&[1, 2], 30).await, 8);
    // It comes back, first in the order, and asks what it doesn't know.
    net.start(0, None).await;
    assert_eq!(net.admitted(&[0, 1, 2], 30).await, 0);
    net.pass(4_001).await;
    assert_eq!(net.admitted(&[0, 1, 2], 30).await, 20);
}

#[tokio::test]
async fn nobody_waits_long_for_who_hangs() {
    let net = Net::of(2).await;
    net.places[0].hangs.store(true, Ordering::SeqCst);
    let (edge, asks) = (net.edge(1), [ask()]);
    let mut waits = Box::pin(edge.take(&asks).taken());
    assert!((&mut waits).now_or_never().is_none());
    net.clock.advance(Duration::from_millis(501));
    assert!(matches!(waits.await.standing, Standing::Admitted { .. }));
    // The next ones don't ask it, and it is asked again after a while.
    assert!(edge.take(&asks).taken().now_or_never().is_some());
    net.pass(1_001).await;
    net.places[0].hangs.store(false, Ordering::SeqCst);
    assert_eq!(net.admitted(&[1, 0], 30).await, 20 - 2);
}

#[tokio::test]
async fn of_many_at_once_one_claims_a_value() {
    let net = Net::of(3).await;
    for round in 0..20 {
        let value = format!("app1:{round}");
        let claims = (0..24).map(|number| {
            let (edge, value) = (net.edge(number % 3), value.clone());
            async move { edge.claim(&value, LASTING).await.unwrap() }
        });
        let claims = join_all(claims).await;
        assert_eq!(claims.iter().filter(|claim| **claim == Claim::First).count(), 1);
    }
}

#[tokio::test]
async fn what_was_claimed_is_known_whoever_dies() {
    let net = Net::of(2).await;
    let claim = |edge: usize, value: &'static str| {
        let edge = net.edge(edge);
        async move { edge.claim(value, LASTING).await.unwrap() }
    };
    assert_eq!(claim(0, "a").await, Claim::First);
    assert_eq!(claim(1, "b").await, Claim::First);
    net.kill(0);
    assert_eq!(claim(1, "a").await, Claim::Before);
    assert_eq!(claim(1, "b").await, Claim::Before);
    assert_eq!(claim(1, "c").await, Claim::First, "who is alone decides");
    net.start(0, None).await;
    for value in ["a", "b", "c"] {
        assert_eq!(claim(0, value).await, Claim::Before, "it has begun anew, and the other knows");
    }
    net.kill(1);
    for value in ["a", "b", "c"] {
        assert_eq!(claim(0, value).await, Claim::Before);
    }
}

#[tokio::test]
async fn a_session_ends_everywhere() {
    let net = Net::of(3).await;
    net.edge(1).end("s1", LASTING).await.unwrap();
    assert!((0..3).all(|number| net.edge(number).is_ended("s1")));
    assert!(!net.edge(0).is_ended("s2"));
    // Who can't be reached hears of it when it can be.
    net.kill(0);
    net.pass(600).await;
    net.edge(2).end("s2", LASTING).await.unwrap();
    assert!(!net.edge(0).is_ended("s2"));
    net.places[0].up.store(true, Ordering::SeqCst);
    net.pass(600).await;
    assert!(net.edge(0).is_ended("s2"));
    // And who begins asks, before it serves anybody.
    net.start(0, None).await;
    assert!(net.edge(0).is_ended("s1") && net.edge(0).is_ended("s2"));
    net.pass(LASTING.as_millis() as u64).await;
    assert!(!net.edge(0).is_ended("s1"));
}

#[tokio::test]
async fn however_many_have_ended_who_begins_hears_of_all() {
    let net = Net::of(2).await;
    net.kill(0);
    let number = 2 * PAGE + 1;
    for session in 0..number {
        net.edge(1).here.end_here(&format!("{session:0>128}"), LASTING).unwrap();
    }
    // Each of its answers fits into a frame.
    let Answer::Endings { sessions, more: true } = net.edge(1).endings(None) else { panic!() };
    assert_eq!(sessions.len(), PAGE);
    let page: usize = sessions.iter().map(|(session, _)| session.len() + 16).sum();
    assert!(page < 4 << 20, "{page}");
    net.start(0, None).await;
    assert_eq!(net.edge(0).here.endings().len(), number);
}

#[tokio::test]
async fn what_has_ended_and_what_was_claimed_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edges");
    let net = Net::of(2).await;
    net.start(0, Some(&path)).await;
    net.edge(0).end("own", LASTING).await.unwrap();
    net.edge(1).end("other", LASTING).await.unwrap();
    net.kill(1);
    net.start(0, Some(&path)).await;
    assert!(net.edge(0).is_ended("own") && net.edge(0).is_ended("other"));
    assert_eq!(net.edge(0).claim("n", LASTING).await, Ok(Claim::First));
    net.start(0, Some(&path)).await;
    assert_eq!(net.edge(0).claim("n", LASTING).await, Ok(Claim::Before));
    assert_eq!(net.edge(0).claim("n", LASTING).await, Ok(Claim::Before));
}
