//! The endpoints of a service as one remote, for good: what joins and leaves are they.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use seam_core::name::ServiceId;
use seam_core::outcome::{Failure, NotExecuted, Unknown};
use seam_core::policy::{
    self, Admission, Balance, Balancer, BreakerSettings, BreakerState, Pass, Standing,
};
use seam_core::remote::{Carrier, Carries, Outbound, Remote, Replies, ReplyBody, Sent, Ticket};
use seam_core::time::{Clock, Moment};
use tokio::sync::Notify;

use crate::member::{Endpoint, Member, Place};
use crate::status::EndpointStatus;

/// So many endpoints have a place in a pool, as many as a unit may have instances.
pub const MOST: usize = 64;

/// The endpoints of one service.
///
/// A call goes to one that can take it, by the kind of balancing; one that failed it before, or isn't
/// well, gets it only if no other can. If all have failed too often it is refused at once
/// ([`NotExecuted::BreakerOpen`]), and if none can be reached it is [`Sent::Nowhere`].
pub struct Pool {
    service: ServiceId,
    /// Taken from the first on, and never left: a ticket names one.
    places: Box<[Place]>,
    taken: AtomicUsize,
    balancer: Balancer,
    clock: Clock,
    /// Told whenever an endpoint has become ready, or isn't any more. Who has waited longest hears it
    /// first: calls that wait go in their order.
    changes: Arc<Notify>,
    /// Held while a place is taken.
    breaker: Mutex<BreakerSettings>,
}

impl Pool {
    /// A pool that nobody has joined.
    pub fn new(
        service: ServiceId,
        balance: Balance,
        breaker: BreakerSettings,
        clock: Clock,
    ) -> Self {
        Self {
            service,
            places: (0..MOST).map(|_| Place::default()).collect(),
            taken: AtomicUsize::new(0),
            balancer: Balancer::new(balance),
            clock,
            changes: Arc::default(),
            breaker: Mutex::new(breaker),
        }
    }

    /// An endpoint joins, which isn't ready yet: an instance of a unit, by way of `remote`. `None` if
    /// no place is left.
    pub fn join(&self, unit: &str, instance: u16, remote: Arc<dyn Remote>) -> Option<Endpoint> {
        let breaker = self.breaker.lock();
        let number = self.taken.load(Ordering::Relaxed);
        let member =
            Member::new(self.service, unit, instance, remote, *breaker, self.clock.clone());
        let member = Arc::new(member);
        self.places.get(number)?.take(Arc::clone(&member));
        self.taken.store(number + 1, Ordering::Release);
        Some(Endpoint { member: Arc::downgrade(&member), changes: Arc::clone(&self.changes) })
    }

    /// Puts other settings in force.
    pub fn set(&self, balance: Balance, breaker: BreakerSettings) {
        let mut settings = self.breaker.lock();
        *settings = breaker;
        self.balancer.set(balance);
        self.members().for_each(|member| member.breaker.set(breaker));
    }

    /// The service.
    pub const fn service(&self) -> ServiceId {
        self.service
    }

    /// Each endpoint by itself, but for those that are gone; `None` for one that can't be called now.
    /// For what is to be asked of all of them.
    pub fn each(&self) -> Vec<Option<Arc<dyn Remote>>> {
        let told_of = self.members().filter(|member| member.is_told_of());
        let way = |member: &Arc<Member>| member.takes_calls().then(|| Arc::clone(&member.remote));
        told_of.map(way).collect()
    }

    /// Each endpoint that can be called now, by the unit and number of its instance.
    pub fn instances(&self) -> Vec<(Arc<str>, u16, Arc<dyn Remote>)> {
        let called = self.members().filter(|member| member.takes_calls());
        let way = |member: &Arc<Member>| {
            (Arc::clone(&member.unit), member.instance, Arc::clone(&member.remote))
        };
        called.map(way).collect()
    }

    /// How its endpoints are, but for those that are gone.
    pub fn status(&self) -> Vec<EndpointStatus> {
        let now = self.clock.now();
        let told_of = self.members().filter(|member| member.is_told_of());
        told_of.map(|member| member.status(now)).collect()
    }

    #[inline]
    fn places(&self) -> &[Place] {
        &self.places[..self.taken.load(Ordering::Acquire)]
    }

    fn members(&self) -> impl Iterator<Item = &Arc<Member>> {
        self.places().iter().filter_map(Place::member)
    }

    #[inline]
    fn member(&self, endpoint: u8) -> Option<&Arc<Member>> {
        self.places.get(usize::from(endpoint))?.member()
    }

    #[inline]
    fn pick(&self, call: &Outbound<'_>) -> Option<usize> {
        let (places, random) = (self.places(), fastrand::u64(..));
        if call.tried != 0 {
            return self.pick_another(call, random);
        }
        self.balancer.pick(places, call.now, random, call.key)
    }

    /// The same for a call that has failed before.
    #[cold]
    fn pick_another(&self, call: &Outbound<'_>, random: u64) -> Option<usize> {
        let tried = |number: usize| call.tried & (1 << number) != 0;
        let places = self.places().iter().enumerate();
        let places: Vec<_> =
            places.map(|(number, place)| Tried { place, failed: tried(number) }).collect();
        self.balancer.pick(&places, call.now, random, call.key)
    }

    /// Nobody may get a call: why not.
    #[cold]
    fn nobody(&self, now: Moment) -> Sent {
        let open = self.members().filter(|member| member.takes_calls()).map(|member| match member
            .breaker
            .state()
        {
            BreakerState::Open { until } | BreakerState::Probing { until } => until.since(now),
            BreakerState::Closed => Duration::ZERO,
        });
        match open.min() {
            Some(retry_after) => Sent::failed(NotExecuted::BreakerOpen { retry_after }),
            None => {
                Sent::Nowhere(format!("no instance of `{}` can be reached", self.service).into())
            }
        }
    }
}

impl Remote for Pool {
    fn send(&self, mut call: Outbound<'_>) -> Sent {
        // Each breaker that opens meanwhile is found once.
        for _ in 0..=MOST {
            let Some(number) = self.pick(&call) else { break };
            let Some(member) = self.places[number].member() else { break };
            let pass = match member.breaker.admit(call.now) {
                Admission::Admitted(pass) | Admission::Probe(pass) => pass,
                Admission::Open { .. } => {
                    call.tried |= 1 << number;
                    continue;
                }
            };
            return send(member, number, pass, call);
        }
        self.nobody(call.now)
    }

    fn has_others(&self) -> bool {
        self.members().filter(|member| member.takes_calls()).nth(1).is_some()
    }

    fn may_come_back(&self) -> bool {
        true
    }

    fn anybody(&self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        // Counts from here on, so that nobody who becomes ready after the look is missed.
        let changed = Arc::clone(&self.changes).notified_owned();
        if self.members().any(|member| member.takes_calls()) {
            return Box::pin(std::future::ready(()));
        }
        Box::pin(changed)
    }
}

#[inline]
fn send(member: &Arc<Member>, number: usize, pass: Pass, call: Outbound<'_>) -> Sent {
    let carrier = Carrier { endpoint: number as u8, pass, since: call.now };
    member.begin(call.now);
    if let Some(told) = call.context.served_by() {
        told.set(&member.name);
    }
    match member.remote.send(call) {
        Sent::Kept(ticket) => Sent::Kept(Ticket { carrier, ..ticket }),
        Sent::Waits(reply) => {
            Sent::Waits(reply.told(Arc::clone(member) as Arc<dyn Carries>, carrier))
        }
        Sent::Nowhere(reason) => {
            member.left(carrier);
            Sent::Nowhere(reason)
        }
    }
}

impl Replies for Pool {
    fn poll(
        &self,
        ticket: Ticket,
        cx: &mut Context<'_>,
        body: &mut ReplyBody,
    ) -> Poll<Result<(), Box<Failure>>> {
        let Some(member) = self.member(ticket.carrier.endpoint) else {
            return Poll::Ready(Err(Box::new(Unknown::Abandoned.into())));
        };
        let polled = member.remote.poll(ticket, cx, body);
        if let Poll::Ready(arrived) = &polled {
            member.ended(ticket.carrier, arrived.as_ref().map(|()| body.at).map_err(|why| &**why));
        }
        polled
    }

    fn forget(&self, ticket: Ticket) {
        if let Some(member) = self.member(ticket.carrier.endpoint) {
            member.remote.forget(ticket);
            member.left(ticket.carrier);
        }
    }
}

/// An endpoint as a call sees it that has been tried before.
struct Tried<'a> {
    place: &'a Place,
    /// Whether it was there.
    failed: bool,
}

impl policy::Endpoint for Tried<'_> {
    fn standing(&self, now: Moment) -> Standing {
        match self.place.standing(now) {
            Standing::Ready | Standing::Due if self.failed => Standing::Doubtful,
            standing => standing,
        }
    }

    fn pending(&self) -> u32 {
        self.place.pending()
    }

    fn latency(&self, now: Moment) -> u64 {
        self.place.latency(now)
    }

    fn id(&self) -> u64 {
        self.place.id()
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let members = self.members().map(|member| (&member.unit, member.instance));
        write!(f, "Pool({}, {:?})", self.service, members.collect::<Vec<_>>())
    }
}
