//! What a request passes on its way to its answer.
//!
//! [`pass`] is the list, read from top to bottom: each stage is a function in a file of its name,
//! which lets the request on or ends it there, with a problem or an answer. None of them knows the
//! HTTP engine, and between them there is nothing but calls: a stage costs what it does.

mod api;
mod auth;
mod cached;
mod call;
mod content;
mod cors;
mod encode;
mod errors;
mod failures;
mod files;
mod finish;
mod flight;
mod fresh;
mod guard;
mod later;
mod limit;
mod log;
mod module;
mod own;
mod permit;
mod plugins;
mod push;
mod query;
mod ready;
mod route;
mod secure;
mod session;
mod ticket;
mod version;

use std::cell::{Cell, OnceCell};
use std::sync::Arc;

use seam_core::context::Principal;
use seam_core::outcome::Certainty;
use seam_core::record::Ended;

pub(crate) use self::failures::Failures;
pub(crate) use self::flight::InFlight;
use self::limit::Told;
use self::route::Found;
use self::session::Visit;
use crate::auth::Known;
use crate::metered::Counting;
use crate::problem::Problem;
use crate::request::{Body, Request};
use crate::response::Response;
use crate::security::SecurityPlugin;
use crate::settings::EdgeSettings;
use crate::worker::{Serving, Worker};

/// Where a request is, and what holds for it from its beginning to its end.
struct Here<'a> {
    worker: &'a Worker,
    request: &'a Request,
    settings: &'a EdgeSettings,
    serving: &'a Serving,
    /// Who sent the request, once that was found out; none if nobody is known.
    known: OnceCell<Arc<Known>>,
    /// The major of the service that it is for, once that was found out.
    version: Cell<Option<u16>>,
    /// Whether that may be another one, once it is found out who sent the request.
    by_client: Cell<bool>,
    /// What it has to do with sessions.
    visit: Visit,
    /// What the response is to say of limits.
    told: Told,
    /// Which instance has served the request's call, once it has.
    instance: OnceCell<Arc<str>>,
    /// The route that it takes, once that was found.
    route: &'a OnceCell<Arc<str>>,
}

impl Here<'_> {
    /// Who sent the request, as far as anybody knows.
    fn known(&self) -> Option<&Known> {
        self.known.get().map(|known| &**known)
    }

    /// What the program adds to find out who asks, and to say who may.
    fn plugins(&self) -> &[Arc<dyn SecurityPlugin>] {
        &self.worker.shared.own.plugins
    }

    /// On whose behalf the request is answered, as far as anybody knows.
    fn principal(&self) -> Option<&Principal> {
        self.known().map(|known| &known.principal)
    }
}

/// What a stage says: on to the next one with this, or this is the answer.
type Step<T = ()> = Result<T, Ending>;

/// What a request ends with before it came to the end of the list.
#[derive(Debug)]
enum Ending {
    Problem(Problem),
    Answer(Response),
}

/// Answers a request, whatever comes.
pub(crate) async fn answer(worker: &Worker, request: &Request, body: &mut Body) -> Response {
    let (settings, serving) = (worker.settings(), worker.serving());
    let now = || worker.now();
    let route = OnceCell::new();
    let counting = Counting::new((&worker.shared.metered, &worker.counts), request, &route, &now);
    let here = Here {
        worker,
        request,
        settings: &settings,
        serving: &serving,
        known: OnceCell::new(),
        version: Cell::new(None),
        by_client: Cell::new(false),
        visit: Visit::default(),
        told: Told::default(),
        instance: OnceCell::new(),
        route: &route,
    };
    let passed = pass(&here, body).await;
    let mut ended = Ended::Answered;
    let mut response = match passed {
        Ok(response) | Err(Ending::Answer(response)) => response,
        Err(Ending::Problem(problem)) => {
            ended = match problem.outcome {
                Certainty::Service => Ended::ServiceError,
                Certainty::NotExecuted => Ended::NotExecuted,
                Certainty::Unknown => Ended::Unknown,
            };
            let own = &worker.shared.own;
            let shape = if problem.is_of_service() { &own.errors } else { &own.problems };
            Response::of_problem(problem, request.trace.trace, &settings.errors, shape.as_ref())
        }
    };
    version::tell(&here, &mut response);
    response.identify(request.trace.trace);
    if let Some(instance) = here.instance.get() {
        response.served_by(instance);
    }
    here.told.tell(&mut response);
    session::tell(&here, &mut response);
    finish::finish(&here, &mut response).await;
    log::write(&here, &response);
    counting.answered(response.status.as_u16(), ended, &response.code);
    response
}

/// The stages, in their order.
async fn pass(here: &Here<'_>, body: &mut Body) -> Step<Response> {
    guard::check(here.request)?;
    secure::redirect(here)?;
    let mut found = route::find(here)?;
    if let Some(path) = found.path() {
        // Whichever version of it answers, it is the same route.
        let _ = here.route.set(path);
    }
    let _inside = flight::enter(here, &found)?;
    auth::identify(here, &found, body).await?;
    if here.by_client.get() && here.known().is_some() {
        found = route::find(here)?;
    }
    limit::admit(here, &found).await?;
    permit::foresee(here, &found)?;
    query::check(here, &found)?;
    let content = content::read(here, &found, body).await?;
    plugins::admit(here, &found).await?;
    match found {
        Found::Route(route, path) => call::route(here, route, &path, &content).await,
        Found::Method(client, method) => call::method(here, client, method, &content).await,
        Found::Form => call::form(here, &content).await,
        Found::Own(otherwise) => own::answer(here, body, otherwise).await,
        Found::Errors => Ok(errors::list(here)),
        Found::Error(code) => errors::page(here, &code),
        Found::Ticket(id) => Ok(ticket::find(here, &id).await?),
        Found::Push => push::open(here).await,
        Found::Api => Ok(api::document(here)),
        Found::Docs(asset) => Ok(api::docs(asset)),
        Found::Health => Ok(ready::alive()),
        Found::Readiness => ready::ready(here).await,
    }
}

impl From<Problem> for Ending {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}
