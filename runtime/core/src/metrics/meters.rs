//! The meters of a service in a unit, one for each of its callers.

use std::borrow::Cow;
use std::iter::successors;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

use super::meter::{Meter, Shared};
use super::method::MethodMetrics;
use super::slow::SlowLimits;
use super::table::Times;
use super::way::Way;
use crate::contract::ContractDescriptor;
use crate::name::{Caller, ServiceId};
use crate::record::{Ended, Recorder, Watch};
use crate::time::Clock;

/// So many callers have meters of their own; further ones share the last.
const MOST: usize = 256;

/// The meters of a service in a unit, one for each of its callers.
#[derive(Debug)]
pub struct Meters {
    shared: Arc<Shared>,
    /// Only ever longer, so that nobody locks it: most services have few callers.
    first: OnceLock<Box<Node>>,
}

#[derive(Debug)]
struct Node {
    meter: Arc<Meter>,
    next: OnceLock<Box<Self>>,
}

/// What is counted of a method, of one caller, on one way.
#[derive(Debug, Clone)]
pub struct Counted {
    /// The method's name.
    pub method: &'static str,
    /// Who called.
    pub caller: Caller,
    /// Which calls they are.
    pub way: Way,
    /// How they ended, with which code, how many, and how many of those were slow.
    pub sums: Vec<(Ended, Cow<'static, str>, u64, u64)>,
    /// How long they took: each of them once.
    pub times: Times,
    /// How long they waited: each of them once.
    pub waits: Times,
}

impl Meters {
    /// Meters of nothing yet, which record by `recorder`.
    pub fn new(
        service: ServiceId,
        contract: &'static ContractDescriptor,
        recorder: Arc<Recorder>,
        clock: Clock,
    ) -> Self {
        let slow = SlowLimits::new(contract);
        let watch = AtomicU8::new(Watch::Off as u8);
        let shared = Arc::new(Shared { service, contract, slow, watch, recorder, clock });
        Self { shared, first: OnceLock::new() }
    }

    /// From when on calls are slow.
    pub fn slow(&self) -> &SlowLimits {
        &self.shared.slow
    }

    /// Has each call be looked at so closely, from now on.
    pub fn watch(&self, watch: Watch) {
        self.shared.watch.store(watch as u8, Ordering::Relaxed);
        self.shared.slow.look_at_all(watch > Watch::Off);
    }

    /// To whom their records go.
    pub fn recorder(&self) -> &Arc<Recorder> {
        &self.shared.recorder
    }

    /// The meter of that caller.
    pub fn of(&self, caller: Caller) -> &Arc<Meter> {
        let mut place = &self.first;
        for number in 1.. {
            let node = place.get_or_init(|| {
                let meter = Arc::new(Meter::new(caller, Arc::clone(&self.shared)));
                Box::new(Node { meter, next: OnceLock::new() })
            });
            if node.meter.caller() == caller || number == MOST {
                return &node.meter;
            }
            place = &node.next;
        }
        unreachable!("the last of them is everybody's")
    }

    fn all(&self) -> impl Iterator<Item = &Meter> {
        let nodes = successors(self.first.get(), |node| node.next.get());
        nodes.map(|node| &*node.meter)
    }

    /// How many calls were made here.
    pub fn made(&self) -> u64 {
        let ways = [Way::Near, Way::Made, Way::Far];
        self.all().flat_map(|meter| ways.map(|way| meter.total(way))).sum()
    }

    /// Everything that is counted, by method, caller and way.
    pub fn counted(&self) -> Vec<Counted> {
        let methods = || self.shared.contract.methods.iter().enumerate();
        let rows = self.all().flat_map(|meter| {
            Way::ALL.into_iter().flat_map(move |way| {
                methods().filter_map(move |(index, method)| {
                    let read = meter.read(way, index as u16);
                    if read.sums.is_empty() {
                        return None;
                    }
                    let sums = read.sums.into_iter();
                    let sums = sums.map(|sum| (sum.ended, sum.code, sum.count, sum.slow));
                    Some(Counted {
                        method: method.name.as_str(),
                        caller: meter.caller(),
                        way,
                        sums: sums.collect(),
                        times: read.times,
                        waits: read.waits,
                    })
                })
            })
        });
        rows.collect()
    }

    /// The counts of calls that came to run here, a row per method that was called.
    pub fn served(&self) -> Vec<(&'static str, MethodMetrics)> {
        self.rows(&[Way::Near, Way::Served])
    }

    /// The counts of calls that went elsewhere, or nowhere.
    pub fn called(&self) -> Vec<(&'static str, MethodMetrics)> {
        self.rows(&[Way::Far])
    }

    fn rows(&self, ways: &[Way]) -> Vec<(&'static str, MethodMetrics)> {
        let methods = self.shared.contract.methods.iter().enumerate();
        let rows = methods.map(|(index, method)| {
            let reads = self
                .all()
                .flat_map(|meter| ways.iter().map(move |way| meter.read(*way, index as u16)));
            (method.name.as_str(), MethodMetrics::of(reads))
        });
        rows.filter(|(_, counted)| counted.calls > 0).collect()
    }
}
