//! All routes, in one list.

use std::fmt;

use super::asked::Asked;
use crate::acts::Act;
use crate::asks::{Ask, Listen, ServiceQuery};
use crate::auth::Role;
use crate::refusal::Refusal;

/// What a route's requests are made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// GET, and HEAD.
    Get,
    /// POST.
    Post,
}

/// Who may use a route; the fewer, the later it stands here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Everybody.
    Open,
    /// Everybody if the listener is on a loopback address; else who has a token.
    OpenOnLoopback,
    /// Who has a token, or a session: of any role.
    Viewer,
    /// The same, of an operator.
    Operator,
}

/// A path, and what it is for.
#[derive(Clone, Copy)]
pub struct Route {
    /// What its requests are made with.
    pub verb: Verb,
    /// Its path; `{id}` stands for any segment.
    pub path: &'static str,
    /// Who may use it.
    pub access: Access,
    pub(super) does: Does,
}

/// What is made of a request.
type Make<T> = fn(&Asked<'_>) -> Result<T, Refusal>;

/// What a route does.
#[derive(Clone, Copy)]
pub(super) enum Does {
    /// Says that the process lives.
    Health,
    /// Says who asks.
    Me,
    /// Shows what was done.
    Audit,
    /// Shows metrics, in the format that is asked for.
    Metrics,
    /// Asks the units; the answer is the member of that name, or the whole.
    Ask(Option<&'static str>, Make<Ask>),
    /// The same, with an `ETag`.
    Tagged(Make<Ask>),
    /// Listens to the units.
    Listen(Make<Listen>),
    /// Has the units do something.
    Act(Make<Act>),
}

/// All routes, but for the files of the page.
pub fn routes() -> &'static [Route] {
    ROUTES
}

const ROUTES: &[Route] = &[
    Route { verb: Verb::Get, path: "/healthz", access: Access::Open, does: Does::Health },
    Route {
        verb: Verb::Get,
        path: "/metrics",
        access: Access::OpenOnLoopback,
        does: Does::Metrics,
    },
    see("/api/me", Does::Me),
    // What runs.
    see("/api/status", Does::Ask(Some("status"), |_| Ok(Ask::Status))),
    see("/api/topology", Does::Ask(None, |_| Ok(Ask::Topology))),
    see("/api/contracts", Does::Ask(Some("contracts"), |_| Ok(Ask::Contracts))),
    see("/api/live", Does::Listen(|_| Ok(Listen::Live))),
    // What became of calls.
    see("/api/traces", Does::Ask(Some("traces"), |asked| Ok(Ask::Traces(asked.query()?)))),
    see("/api/traces/{id}", Does::Ask(None, |asked| Ok(Ask::Trace(asked.param("id")?)))),
    see("/api/logs", Does::Ask(Some("logs"), |asked| Ok(Ask::Logs(asked.query()?)))),
    see("/api/logs/live", Does::Listen(|asked| Ok(Listen::Logs(asked.query()?)))),
    see("/api/tap", Does::Listen(|asked| Ok(Listen::Tap(asked.query()?)))),
    see("/api/unknown", Does::Ask(Some("unknown"), |_| Ok(Ask::Unknown))),
    act("/api/unknown/{id}/resolve", |asked| asked.resolve()),
    see("/api/slow", Does::Ask(Some("slow"), |_| Ok(Ask::Slow))),
    act("/api/call", |asked| Ok(Act::Call(asked.body()?))),
    // Events and commands.
    see("/api/topics", Does::Ask(Some("topics"), |_| Ok(Ask::Topics))),
    see("/api/dead", Does::Ask(Some("dead"), |_| Ok(Ask::Dead))),
    act("/api/dead/retry", |asked| asked.retry()),
    act("/api/dead/drop", |asked| asked.forget()),
    see("/api/tickets", Does::Ask(Some("tickets"), |_| Ok(Ask::Tickets))),
    see("/api/schedules", Does::Ask(Some("schedules"), |_| Ok(Ask::Schedules))),
    act("/api/replay", |asked| Ok(Act::Replay(asked.body()?))),
    // Units and their config.
    act("/api/drain", |asked| asked.drain()),
    act("/api/restart", |asked| Ok(Act::Restart(asked.body()?))),
    act("/api/move", |asked| Ok(Act::Move(asked.body()?))),
    act("/api/breaker", |asked| Ok(Act::Breaker(asked.body()?))),
    act("/api/set", |asked| Ok(Act::Set(asked.body()?))),
    act("/api/unset", |asked| asked.unset()),
    see("/api/config", Does::Ask(None, |_| Ok(Ask::Config))),
    see("/api/config/history", Does::Ask(Some("history"), |_| Ok(Ask::ConfigHistory))),
    act("/api/config/rollback", |asked| asked.rollback()),
    act("/api/reload", |asked| asked.reload()),
    see("/config/{service}/{profile}", Does::Tagged(service_config)),
    // What was done.
    see("/api/audit", Does::Audit),
];

const fn see(path: &'static str, does: Does) -> Route {
    Route { verb: Verb::Get, path, access: Access::Viewer, does }
}

const fn act(path: &'static str, make: Make<Act>) -> Route {
    Route { verb: Verb::Post, path, access: Access::Operator, does: Does::Act(make) }
}

fn service_config(asked: &Asked<'_>) -> Result<Ask, Refusal> {
    let (service, profile) = (asked.param("service")?, asked.param("profile")?);
    let secrets = asked.who.is_some_and(|who| who.role == Role::Operator);
    Ok(Ask::ServiceConfig(ServiceQuery { service, profile, secrets }))
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, path, access, .. } = self;
        f.debug_struct("Route")
            .field("verb", verb)
            .field("path", path)
            .field("access", access)
            .finish_non_exhaustive()
    }
}
