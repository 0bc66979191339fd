//! Every call is counted once where it was made and once where it came to run, whatever becomes of its
//! caller; and what is recorded of it stands in one tree.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use seam::prelude::*;
use seam_core::call::{
    CallOptions, CallPolicy, Client, Deadlines, Faults, Hosts, Inbox, Rehearsal, Route, Target,
};
use seam_core::context::{CallContext, Delivery, SpanId};
use seam_core::home::Home;
use seam_core::metrics::{Ended, Meters, Way};
use seam_core::name::ServiceId;
use seam_core::record::{Doubt, Fate, Record, RecordKind, Recorder};
use seam_core::remote::Caller;
use seam_core::time::Clock;
use seam_core::turn::{Host, HostSettings};
use tokio::sync::Semaphore;

use crate::vault::Made;

#[seam::error]
pub(crate) enum DeskError {
    Closed,
}

#[seam::contract(name = "desk", version = "1.0")]
pub(crate) trait Desk {
    async fn quick(&self, fails: bool) -> Result<u64, DeskError>;
    /// Waits until it is let through.
    async fn sign(&mut self, gate: u8) -> u64;
    async fn read(&self) -> u64;
    #[call(slow = "1ms")]
    async fn panics(&mut self);
}

/// One for each test that waits at one.
static GATES: [Semaphore; 2] = [const { Semaphore::const_new(0) }; 2];
/// Whoever has come to one.
static ENTERED: [Semaphore; 2] = [const { Semaphore::const_new(0) }; 2];

struct Clerk;

impl Desk for Clerk {
    async fn quick(&self, fails: bool) -> Result<u64, DeskError> {
        if fails { Err(DeskError::Closed) } else { Ok(7) }
    }

    async fn sign(&mut self, gate: u8) -> u64 {
        ENTERED[usize::from(gate)].add_permits(1);
        GATES[usize::from(gate)].acquire().await.unwrap().forget();
        1
    }

    async fn read(&self) -> u64 {
        std::future::pending().await
    }

    async fn panics(&mut self) {
        panic!("on purpose");
    }
}

struct Counter {
    client: Client<DeskContract>,
    meters: Arc<Meters>,
    recorder: Arc<Recorder>,
    doubts: Arc<Mutex<Vec<Doubt>>>,
}

/// The counts of a side: `made` or `served`, of a method, by outcome and code.
type Counts = BTreeMap<(&'static str, String), u64>;

impl Counter {
    fn new(way: &str, per_second: u32) -> Self {
        let service = ServiceId::of("desk").unwrap();
        let settings = HostSettings::new(service, Home::shared().unwrap());
        let clock: Clock = settings.clock.clone();
        let host =
            <DeskContract as Hosts<Clerk>>::erase(Host::start(settings, Arc::new(Made(|| Clerk))));
        let recorder = Arc::new(Recorder::new(&clock, per_second));
        let route =
            Route::recorded(service, Deadlines::default(), clock.clone(), Arc::clone(&recorder));
        let route = route.guarded(&CallPolicy { attempts: 1, ..CallPolicy::default() });
        let meters = Arc::clone(route.meters());
        route.set(match way {
            "direct" => Target::Local(host),
            _ => {
                let inbox = Inbox::<DeskContract>::new(service, host, [], Arc::clone(&meters));
                Target::Remote(Arc::new(Rehearsal::new(Arc::new(inbox), Faults::default(), clock)))
            }
        });
        let client = Client::new(Arc::new(route), Caller::Program);
        let doubts = Arc::<Mutex<Vec<Doubt>>>::default();
        let told = Arc::clone(&doubts);
        recorder.doubt_by(move |doubt| told.lock().unwrap().push(doubt));
        Self { client, meters, recorder, doubts }
    }

    fn desk(&self) -> DeskClient {
        self.client.clone().into()
    }

    fn counts(&self, ways: &[Way], method: &str) -> Counts {
        let mut counts = Counts::new();
        for counted in self.meters.counted() {
            if counted.method == method && ways.contains(&counted.way) {
                let all: u64 = counted.sums.iter().map(|(.., count, _)| count).sum();
                assert_eq!(all, counted.times.number(), "each of them once");
                assert_eq!(all, counted.waits.number());
                for (ended, code, count, _) in counted.sums {
                    let ended = match ended {
                        Ended::Answered => "answered",
                        Ended::ServiceError => "service_error",
                        Ended::NotExecuted => "not_executed",
                        Ended::Unknown => "unknown",
                    };
                    *counts.entry((ended, code.into_owned())).or_default() += count;
                }
            }
        }
        counts
    }

    fn made(&self, method: &str) -> Counts {
        self.counts(&[Way::Near, Way::Made, Way::Far], method)
    }

    fn served(&self, method: &str) -> Counts {
        self.counts(&[Way::Near, Way::Served], method)
    }

    /// What became of the calls of a method that were unknown, as far as that is known.
    fn fates(&self, method: &str) -> Vec<Fate> {
        let doubts = self.doubts.lock().unwrap();
        let spans = doubts.iter().filter(|doubt| doubt.method == method);
        let spans = spans.map(|doubt| doubt.spot.span).collect();
        let mut fates: Vec<_> = self.recorder.fates().look(&spans).into_values().collect();
        fates.sort_unstable();
        fates
    }

    fn records(&self) -> Vec<Record> {
        let mut records = Vec::new();
        self.recorder.drain(|record| records.push(record));
        records
    }
}

fn counts<const N: usize>(of: [(&'static str, &str, u64); N]) -> Counts {
    of.into_iter().map(|(ended, code, count)| ((ended, code.to_owned()), count)).collect()
}

/// Whether it isn't over once it was polled.
async fn pending<F: Future>(future: &mut Pin<Box<F>>) -> bool {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// Waits for what happens on a home.
async fn until(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        tokio::time::sleep(ms(1)).await;
    }
    panic!("it doesn't come to that");
}

#[tokio::test]
async fn what_is_over_at_once_counts_on_both_sides() {
    for way in ["direct", "encoded"] {
        let counter = Counter::new(way, 0);
        let desk = counter.desk();
        for n in 0..5 {
            assert_eq!(desk.quick(n > 2).await.is_err(), n > 2);
        }
        assert!(matches!(desk.panics().await, Err(CallError::Unknown(Unknown::Panicked))));
        let expected = counts([("answered", "", 3), ("service_error", "closed", 2)]);
        assert_eq!(counter.made("quick"), expected, "{way}");
        assert_eq!(counter.served("quick"), expected, "{way}");
        let expected = counts([("unknown", "panicked", 1)]);
        assert_eq!(counter.made("panics"), expected, "{way}");
        assert_eq!(counter.served("panics"), expected, "{way}");
        assert!(counter.records().iter().all(|record| record.ended == Ended::Unknown), "{way}");
    }
}

#[tokio::test]
async fn whoever_leaves_is_counted_and_so_is_what_runs_on() {
    for way in ["direct", "encoded"] {
        let counter = Counter::new(way, 0);
        let desk = counter.desk();
        // One runs, and one waits behind it.
        let mut running = Box::pin(desk.sign(0));
        assert!(pending(&mut running).await);
        ENTERED[0].acquire().await.unwrap().forget();
        let mut waiting = Box::pin(desk.sign(0));
        assert!(pending(&mut waiting).await);
        drop(waiting);
        drop(running);
        let gone = [("not_executed", "caller_gone", 1), ("unknown", "caller_gone", 1)];
        // Over a wire nobody who leaves knows whether his call ran.
        let over_a_wire = [("unknown", "caller_gone", 2)];
        let made = if way == "direct" { counts(gone) } else { counts(over_a_wire) };
        assert_eq!(counter.made("sign"), made, "{way}");
        GATES[0].add_permits(1);
        let served = counts([("answered", "", 1), ("not_executed", "caller_gone", 1)]);
        until(|| counter.served("sign") == served).await;
        // A shared turn ends with its caller. The line behind the turn before may not be over yet.
        let mut left = 0;
        let ended = || counter.served("read").get(&("unknown", "caller_gone".into())).copied();
        while ended() != Some(1) {
            let mut shared = Box::pin(desk.read());
            assert!(pending(&mut shared).await);
            drop(shared);
            left += 1;
            until(|| counter.served("read").values().sum::<u64>() == left).await;
        }
        assert_eq!(counter.made("read").values().sum::<u64>(), left, "{way}");
        // What became of them is known where they ran, by their callers' spans.
        let signed: &[Fate] =
            if way == "direct" { &[Fate::Answered] } else { &[Fate::Failed, Fate::Answered] };
        until(|| counter.fates("sign") == signed && counter.fates("read").contains(&Fate::Failed))
            .await;
        let doubts = counter.doubts.lock().unwrap();
        assert!(doubts.iter().all(|doubt| doubt.code == "caller_gone" && !doubt.is_over));
        // Over a wire the message is at hand until its reply.
        let told = |doubt: &Doubt| match doubt.method {
            "sign" => Some(br#"{"gate":0}"#.to_vec()),
            _ => Some(b"{}".to_vec()),
        };
        let is_told = |doubt: &Doubt| {
            doubt.arguments.as_deref() == told(doubt).filter(|_| way != "direct").as_deref()
        };
        assert!(doubts.iter().all(is_told), "{doubts:?}");
    }
}

#[tokio::test]
async fn a_turn_that_outlives_its_deadline_is_answered_where_it_ran() {
    for way in ["direct", "encoded"] {
        let counter = Counter::new(way, 0);
        let desk = counter.desk();
        desk.quick(false).await.unwrap();
        let late = desk.sign(1).deadline(ms(300)).await;
        assert!(matches!(late, Err(CallError::Unknown(Unknown::DeadlineExceeded))), "{late:?}");
        let late = counts([("unknown", "deadline_exceeded", 1)]);
        assert_eq!(counter.made("sign"), late, "{way}");
        GATES[1].add_permits(1);
        until(|| counter.served("sign") == counts([("answered", "", 1)])).await;
        let records = counter.records();
        let made = records.iter().find(|record| record.kind == RecordKind::Client).unwrap();
        assert_eq!((made.ended, made.code.as_str()), (Ended::Unknown, "deadline_exceeded"));
    }
}

#[tokio::test]
async fn records_of_a_request_are_one_tree() {
    for way in ["direct", "encoded"] {
        let counter = Counter::new(way, 0);
        let mut context = CallContext::root();
        context.trace = context.trace.child();
        context.trace.sampled = true;
        let (trace, root) = (context.trace.trace, context.trace.span);
        let options = CallOptions { context: Some(Arc::new(context)), ..CallOptions::default() };
        assert_eq!(counter.desk().quick(false).options(options).await.unwrap(), 7);
        let records = counter.records();
        assert!(records.iter().all(|record| record.spot.trace == trace), "{records:?}");
        let of = |kind| records.iter().filter(move |record| record.kind == kind);
        let (server, mut clients) =
            (of(RecordKind::Server).next().unwrap(), of(RecordKind::Client));
        assert_eq!(server.caller, Some(Caller::Program));
        match way {
            "direct" => {
                assert_eq!((server.spot.parent, records.len()), (root, 1));
            }
            _ => {
                let client = clients.next().unwrap();
                assert_eq!((client.spot.parent, records.len()), (root, 2));
                assert_eq!(server.spot.parent, client.spot.span);
            }
        }
        // Whoever isn't recorded leaves nothing.
        counter.desk().quick(false).await.unwrap();
        assert_eq!(counter.records(), [], "{way}");
    }
}

#[tokio::test]
async fn a_delivery_is_a_trace_of_its_own_with_a_link_to_its_origin() {
    for way in ["direct", "encoded"] {
        let mut origin = CallContext::root().child().trace;
        // Whether the origin is recorded says nothing of its consequence.
        for sampled in [false, true] {
            origin.sampled = sampled;
            let counter = Counter::new(way, 100);
            let delivery = Delivery::new("order:17", 1, Some(17), Arc::new(()));
            let context = CallContext::root().handing(delivery.from(Some(origin)));
            let options =
                CallOptions { context: Some(Arc::new(context)), ..CallOptions::default() };
            assert_eq!(counter.desk().quick(false).options(options).await.unwrap(), 7);
            let records = counter.records();
            let roots: Vec<_> =
                records.iter().filter(|record| record.spot.parent == SpanId::NONE).collect();
            let [root] = roots[..] else { panic!("{way}: one root, sampled: {records:?}") };
            let trace = root.spot.trace;
            assert_ne!(trace, origin.trace, "{way}");
            assert!(records.iter().all(|record| record.spot.trace == trace), "{records:?}");
            // Over a wire the caller knows what it hands over: its record is the root.
            let kind = if way == "direct" { RecordKind::Server } else { RecordKind::Client };
            assert_eq!((root.kind, root.link), (kind, Some((origin.trace, origin.span))), "{way}");
        }
        // As any root it is one of so many a second.
        let counter = Counter::new(way, 0);
        let delivery = Delivery::new("order:17", 1, Some(17), Arc::new(())).from(Some(origin));
        let context = Some(Arc::new(CallContext::root().handing(delivery)));
        let options = CallOptions { context, ..CallOptions::default() };
        counter.desk().quick(false).options(options).await.unwrap();
        assert_eq!(counter.records(), [], "{way}");
    }
}

#[tokio::test]
async fn what_begins_here_is_recorded_so_many_times_a_second() {
    for way in ["direct", "encoded"] {
        let counter = Counter::new(way, 3);
        for _ in 0..20 {
            counter.desk().quick(false).await.unwrap();
        }
        let records = counter.records();
        let roots = records.iter().filter(|record| record.spot.parent == SpanId::NONE).count();
        assert!((3..=4).contains(&roots), "{way}: {roots}");
    }
}
