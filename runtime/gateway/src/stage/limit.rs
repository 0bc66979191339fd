//! How many requests somebody may make: by the edge's own limit, and by that of a method.

use std::cell::RefCell;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use seam_core::policy::Quota;

use super::route::Found;
use super::{Here, Step};
use crate::http::{HeaderName, HeaderValue};
use crate::problem::Problem;
use crate::response::Response;
use crate::together::{Ask, Standing, Taken};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// What the edge's own limit is called.
const EDGE: &str = "edge";

/// Refuses a request of somebody who asks too much. `/healthz` and `/readyz` are asked by those who
/// look after the edge, as often as they like.
pub(super) async fn admit(here: &Here<'_>, found: &Found<'_>) -> Step {
    let method = match found {
        Found::Health | Found::Readiness => return Ok(()),
        // Who has signed it isn't known yet.
        Found::Form if here.settings.auth.signs() && here.known().is_none() => return Ok(()),
        Found::Route(route, _) => Some((route.client, route.index)),
        Found::Method(client, method) => Some((*client, method.index)),
        _ => None,
    };
    let method = method.and_then(|(client, index)| of_method(here, client, index));
    take(here, of_edge(here), method).await
}

/// The same for a form that had to be signed, once it was looked at who has done so.
pub(super) async fn form(here: &Here<'_>) -> Step {
    take(here, of_edge(here), None).await
}

/// The same for the method that a form names: by then its request has passed the edge's own limit.
pub(super) async fn method(here: &Here<'_>, client: usize, index: u16) -> Step {
    take(here, None, of_method(here, client, index)).await
}

/// The edge's own limit, for whoever asks.
fn of_edge(here: &Here<'_>) -> Option<Quota> {
    let own = here.known().and_then(|known| known.rate);
    own.unwrap_or(here.settings.limits.rate)
}

/// A method's name and its own limit, if it has one: what the edge is told, or else what its contract
/// says.
fn of_method<'a>(here: &Here<'a>, client: usize, index: u16) -> Option<(&'a str, Quota)> {
    let method = here.serving.routes().method(client, index)?;
    let told = &here.settings.rates;
    let told = if told.is_empty() { None } else { told.get(&method.name) };
    Some((&method.name, told.copied().unwrap_or(method.rate)?))
}

async fn take(here: &Here<'_>, edge: Option<Quota>, method: Option<(&str, Quota)>) -> Step {
    if edge.is_none() && method.is_none() {
        return Ok(());
    }
    let Some(key) = whose(here) else { return Ok(()) };
    let ask = |name, quota| Ask { name, key: &key, quota };
    let taken = match (edge.map(|quota| ask(EDGE, quota)), method.map(|(n, q)| ask(n, q))) {
        (Some(edge), Some(method)) => told(here, &[edge, method]).await,
        (Some(one), None) | (None, Some(one)) => told(here, &[one]).await,
        (None, None) => return Ok(()),
    };
    match taken {
        Standing::Admitted { .. } => Ok(()),
        Standing::Refused { wait } => Err(Problem::rate_limited(wait).into()),
    }
}

/// Takes them, and keeps what the response is to say of that.
async fn told(here: &Here<'_>, asks: &[Ask<'_>]) -> Standing {
    let Taken { of, standing } = here.worker.shared.together.take(asks).taken().await;
    if let Some(ask) = asks.get(of) {
        here.told.keep(ask, standing);
    }
    standing
}

/// Whose requests are counted together with this one.
pub(super) fn whose(here: &Here<'_>) -> Option<String> {
    match here.principal() {
        Some(principal) => Some(principal.key()),
        // No principal's key begins with a letter.
        None => here.request.peer().map(|address| format!("address:{}", network(address))),
    }
}

/// Whoever has an IPv6 address has 2^64 of them.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 => v4,
    }
}

/// What a response says of the limit that its request came next to, as
/// draft-ietf-httpapi-ratelimit-headers has it.
#[derive(Debug, Default)]
pub(super) struct Told(RefCell<Option<[HeaderValue; 2]>>);

impl Told {
    fn keep(&self, ask: &Ask<'_>, standing: Standing) {
        let Ask { name, quota, .. } = ask;
        let (left, time) = match standing {
            Standing::Admitted { left, more } => (left, more),
            Standing::Refused { wait } => (0, wait),
        };
        let policy = format!("\"{name}\";q={};w={}", quota.number(), seconds(quota.window()));
        let limit = format!("\"{name}\";r={left};t={}", seconds(time));
        // The names of methods are values of headers.
        if let (Ok(policy), Ok(limit)) = (policy.try_into(), limit.try_into()) {
            *self.0.borrow_mut() = Some([policy, limit]);
        }
    }

    /// Says it, if the request came by a limit.
    pub(super) fn tell(&self, response: &mut Response) {
        if let Some([policy, limit]) = self.0.take() {
            response.header(POLICY, policy);
            response.header(LIMIT, limit);
        }
    }
}

/// Rounded up.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_and_ipv4_is_ipv4_however_it_is_written() {
        let same = |one: &str, other: &str| {
            network(one.parse().unwrap()) == network(other.parse().unwrap())
        };
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("10.0.0.1", "::ffff:10.0.0.1"));
        assert!(!same("::ffff:10.0.0.2", "::ffff:10.0.0.1"));
    }
}
