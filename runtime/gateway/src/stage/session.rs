//! Sessions of clients: entered by a cookie, begun and ended by methods that say so.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use seam_core::call::{JsonAnswer, JsonBody};
use seam_core::context::Principal;
use seam_core::contract::SessionStep;
use seam_core::outcome::Unknown;
use serde::Deserialize;
use serde_json::json;

use super::{Ending, Here, failures};
use crate::auth::{NewCookie, Refusal, Session, now};
use crate::http::StatusCode;
use crate::http::header::{self, HeaderValue};
use crate::problem::Problem;
use crate::response::Response;

/// What a request has to do with sessions.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// The one that it is made in, and how long that may last.
    inside: OnceCell<(String, Duration)>,
    /// What the response is to set.
    cookie: RefCell<Option<NewCookie>>,
}

/// What a method that begins a session answers; `seam::edge::SignIn` is written so.
#[derive(Debug, Deserialize)]
struct SignedIn {
    subject: String,
    #[serde(default)]
    roles: Vec<String>,
    #[serde(default)]
    claims: BTreeMap<String, String>,
}

/// The request is made in a session.
pub(super) fn enter(here: &Here<'_>, session: Session) {
    let Session { id, known, left, renewed } = session;
    let _ = here.known.set(Arc::new(known));
    let _ = here.visit.inside.set((id, left));
    here.visit.cookie.replace(renewed);
}

/// The request has a cookie of a session that is over: it is taken away.
pub(super) fn leave(here: &Here<'_>) {
    here.visit.cookie.replace(Some(NewCookie::none()));
}

/// What a method does to its client's session, if it does something.
pub(super) fn step(here: &Here<'_>, client: usize, method: u16) -> Option<SessionStep> {
    here.serving.routes().method(client, method)?.session
}

/// Refuses a call that would begin a session where there are none, and of an address that was wrong too
/// often.
pub(super) fn check(here: &Here<'_>, step: SessionStep) -> Result<(), Problem> {
    match step {
        SessionStep::Start if !here.settings.auth.has_sessions() => {
            Err(Problem::not_found("there are no sessions here: `[edge.session]` has no `key`"))
        }
        SessionStep::Start => failures::check(here),
        SessionStep::End => Ok(()),
    }
}

/// Who can't sign in, for the method says 401, has sent a wrong credential.
pub(super) fn refused(here: &Here<'_>, step: SessionStep, ending: &Ending) {
    if let (SessionStep::Start, Ending::Problem(problem)) = (step, ending)
        && problem.is_of_service()
        && problem.status == StatusCode::UNAUTHORIZED
    {
        failures::note(here);
    }
}

/// Does it, once the method has answered.
pub(super) async fn settle(
    here: &Here<'_>,
    step: SessionStep,
    answer: JsonAnswer,
) -> Result<JsonAnswer, Problem> {
    match step {
        SessionStep::Start => begin(here, answer),
        SessionStep::End => {
            if let Some((id, left)) = here.visit.inside.get() {
                let ended = here.worker.shared.together.end(id, *left).await;
                ended.map_err(|apart| {
                    let why = "it can't be told whether the session has ended";
                    Problem::unavailable(why).because(apart.why).once_run()
                })?;
            }
            leave(here);
            Ok(answer)
        }
    }
}

/// Begins a session for whom the method says; its client sees no more than who that is.
fn begin(here: &Here<'_>, answer: JsonAnswer) -> Result<JsonAnswer, Problem> {
    let JsonAnswer { body, head } = answer;
    let signed_in = match &body {
        JsonBody::Json(json) => serde_json::from_slice::<SignedIn>(json).ok(),
        JsonBody::Blob(_) => None,
    };
    let Some(SignedIn { subject, roles, claims }) = signed_in else {
        let why = "the method answers no `seam::edge::SignIn`";
        return Err(Problem::of_unknown(&Unknown::Unreadable { why: why.into() }));
    };
    let seen = json!({ "subject": subject, "roles": roles }).to_string().into_bytes();
    let claims = claims.into_iter().map(|(name, text)| (name, text.into())).collect();
    let who = Principal { claims, ..Principal::new(subject, "session").with_roles(roles) };
    match here.settings.auth.begin(who, now()) {
        Some(Ok(cookie)) => {
            here.visit.cookie.replace(Some(cookie));
            Ok(JsonAnswer { body: JsonBody::Json(seen), head })
        }
        Some(Err(Refusal::Invalid(why))) => {
            Err(Problem::of_unknown(&Unknown::Unreadable { why: why.into() }))
        }
        _ => Err(Problem::unavailable("no session can be begun for now").once_run()),
    }
}

/// Says what the client is to keep; nobody on the way keeps that for others.
pub(super) fn tell(here: &Here<'_>, response: &mut Response) {
    let Some(cookie) = here.visit.cookie.take() else { return };
    if let Ok(cookie) = HeaderValue::try_from(cookie.header(here.request.is_secure())) {
        response.headers.retain(|(name, _)| *name != header::CACHE_CONTROL);
        response.header(header::SET_COOKIE, cookie);
    }
}
