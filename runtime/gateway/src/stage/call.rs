//! Calls of services: the end of most requests.

use std::borrow::Cow;
use std::sync::Arc;

use seam_core::call::{AnyClient, CallOptions, JsonAnswer, JsonBody, JsonReply};
use seam_core::context::{CallContext, ServedBy};
use seam_core::outcome::{CallError, NotExecuted};

use super::content::UNKNOWN_BYTES;
use super::{
    Ending, Here, Step, auth, cached, later, limit, module, permit, plugins, session, version,
};
use crate::arguments::{Arguments, Found};
use crate::form::Form;
use crate::http::StatusCode;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::problem::Problem;
use crate::response::Response;
use crate::routes::MethodRoute;
use crate::rpc::PublicMethod;
use crate::versions::bare;

/// The header of an answer that a fallback has part in, however many hops away.
const DEGRADED: HeaderName = HeaderName::from_static("x-seam-degraded");
const TRUE: HeaderValue = HeaderValue::from_static("true");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");

/// A route that a method declares.
pub(super) async fn route(
    here: &Here<'_>,
    route: &Arc<MethodRoute>,
    path: &[Cow<'_, str>],
    body: &[u8],
) -> Step<Response> {
    let (query, headers) = (here.request.query(), Some(here.request.headers()));
    let media_type = media_type(here, body);
    let found = Found { path, query, headers, body, media_type, field: None };
    if let Some(kept) = cached::time(here, route) {
        return cached::answer(here, route, &found, kept).await;
    }
    let (answer, degraded) =
        call(here, route.client, route.index, &route.arguments, &found).await?;
    Ok(marked(respond(route, answer), degraded))
}

/// What a body is; none if there is no body.
fn media_type<'a>(here: &Here<'a>, body: &[u8]) -> Option<&'a str> {
    let named = here.request.header(&header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    (!body.is_empty()).then(|| named.unwrap_or(UNKNOWN_BYTES))
}

/// The response to a request for a route, whose answer may say more than its value.
pub(super) fn respond(route: &MethodRoute, answer: JsonAnswer) -> Response {
    let JsonAnswer { body, head } = answer;
    let head = head.map(|head| *head).unwrap_or_default();
    // It is from 200 to 399.
    let status = head.status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.unwrap_or(route.status);
    let mut location = None;
    let mut response = match body {
        JsonBody::Json(json) => {
            location = route.location.as_ref().and_then(|location| location.of(&json));
            match status {
                StatusCode::NO_CONTENT | StatusCode::RESET_CONTENT | StatusCode::NOT_MODIFIED => {
                    Response::empty(status)
                }
                status => Response::json(status, json),
            }
        }
        JsonBody::Blob(blob) => match HeaderValue::try_from(blob.media_type) {
            Ok(media_type) => {
                let mut response = Response::of_type(media_type, blob.bytes);
                response.status = status;
                // It is what it says that it is, and no page that somebody's bytes look like.
                response.header(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
                response
            }
            // It was looked at before.
            Err(_) => Response::empty(status),
        },
    };
    let own = head.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("location"));
    // What a location's template leaves may be no value of a header: then there is none.
    if let Some(Ok(location)) = location.filter(|_| !own).map(HeaderValue::try_from) {
        response.header(header::LOCATION, location);
    }
    for (name, value) in head.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.header(name, value);
        }
    }
    response
}

/// `POST /rpc/{service}/{method}`.
pub(super) async fn method(
    here: &Here<'_>,
    client: usize,
    method: &PublicMethod,
    body: &[u8],
) -> Step<Response> {
    let found = Found { body, ..Found::default() };
    let (answer, degraded) = call(here, client, method.index, &method.arguments, &found).await?;
    Ok(marked(Response::json(StatusCode::OK, answer.into_json()), degraded))
}

/// `POST /gateway`.
pub(super) async fn form(here: &Here<'_>, body: &[u8]) -> Step<Response> {
    auth::signed(here, body).await?;
    let form = Form::parse(body)?;
    let services = &here.serving.routes().services;
    let majors = match services.spelled(&form.module) {
        Ok(majors) => majors,
        Err(unknown) => return module::ask(here, &form, unknown).await,
    };
    let asked = match form.major()? {
        Some(major) => Some(major),
        None => version::of_header(here)?,
    };
    let major = version::choose(here, &majors.service, asked)?;
    let Some(service) = services.get(majors, major) else {
        let what =
            format!("version {major} of `{}` is asked for, and nobody has it", majors.service);
        return Err(Problem::incompatible(what).into());
    };
    version::found(here, major);
    form.check_version(service.version)?;
    let method = service.spelled(form.method())?;
    limit::method(here, service.client, method.index).await?;
    let found = Found { body: form.arguments(), field: Some("`bizContent`"), ..Found::default() };
    let (answer, degraded) =
        call(here, service.client, method.index, &method.arguments, &found).await?;
    Ok(marked(Response::json(StatusCode::OK, answer.into_json()), degraded))
}

/// The response, which says so if a fallback has part in it.
pub(super) fn marked(mut response: Response, degraded: bool) -> Response {
    if degraded {
        response.header(DEGRADED, TRUE);
    }
    response
}

/// The one way to a service, for all ways in: its answer, and whether a fallback has part in that. A
/// method that begins or ends a session has done so by then.
async fn call(
    here: &Here<'_>,
    client: usize,
    method: u16,
    arguments: &Arguments,
    found: &Found<'_>,
) -> Step<(JsonAnswer, bool)> {
    let step = session::step(here, client, method);
    let Some(step) = step else { return ask(here, client, method, arguments, found).await };
    session::check(here, step)?;
    let asked = ask(here, client, method, arguments, found).await;
    let (answer, degraded) = asked.inspect_err(|ending| session::refused(here, step, ending))?;
    Ok((session::settle(here, step, answer).await?, degraded))
}

/// Makes a call. One that is to be made later ends the request here.
async fn ask(
    here: &Here<'_>,
    client: usize,
    method: u16,
    arguments: &Arguments,
    found: &Found<'_>,
) -> Step<(JsonAnswer, bool)> {
    admit(here, (client, method), arguments, found).await?;
    // A session begins and ends at once, or not at all.
    let keeper = later::keeper(here).filter(|_| session::step(here, client, method).is_none());
    let client = here.serving.client(client);
    if let Some(tickets) = keeper {
        let kept = later::keep(here, tickets, client, method, arguments, found).await?;
        return Err(Ending::Answer(kept));
    }
    let own = here.worker.shared.own.instance.as_ref();
    let served_by = own.map(|_| Arc::<ServedBy>::default());
    let context = match &served_by {
        Some(served_by) => context(here).telling(Arc::clone(served_by)),
        None => context(here),
    };
    let context = Arc::new(context);
    let outcome = made(here, (client, method), arguments, found, &context).await;
    let instance = served_by.zip(own).and_then(|(served_by, own)| served_by.or_here(own));
    if let Some(instance) = instance {
        // A request makes one call.
        let _ = here.instance.set(instance);
    }
    Ok((outcome?, context.is_degraded()))
}

async fn made(
    here: &Here<'_>,
    (client, method): (&dyn AnyClient, u16),
    arguments: &Arguments,
    found: &Found<'_>,
    context: &Arc<CallContext>,
) -> Result<JsonAnswer, Problem> {
    let problem = |error| Problem::of_call(error, bare(client.service().name()));
    if let Some(body) = arguments.as_they_are(found) {
        match begin(here, client, method, body, context).await {
            // It never ran. Looked at name by name, the body may turn out to be right, in
            // another spelling; and if it isn't, what is wrong is said in the edge's words.
            Err(CallError::NotExecuted(NotExecuted::BadRequest { .. })) => {}
            outcome => return outcome.map_err(problem),
        }
    }
    let collected = arguments.collect(found)?;
    begin(here, client, method, &collected, context).await.map_err(problem)
}

/// Refuses a call that nobody may make, or not whoever asks: of every way in, and also where its answer
/// is kept already.
pub(super) async fn admit(
    here: &Here<'_>,
    (client, method): (usize, u16),
    arguments: &Arguments,
    found: &Found<'_>,
) -> Step {
    if !arguments.takes_body() && !is_nothing(found.body) {
        return Err(Problem::bad_request("this method takes nothing from a body").into());
    }
    permit::judge(here, (client, method), arguments, found)?;
    if !here.plugins().is_empty() {
        let method = here.serving.routes().method(client, method);
        plugins::authorize(here, method.map(|method| method.name.as_str())).await?;
    }
    Ok(())
}

/// Whether a body is empty, or an object without members.
fn is_nothing(body: &[u8]) -> bool {
    let body = body.trim_ascii();
    let within = body.strip_prefix(b"{").and_then(|rest| rest.strip_suffix(b"}"));
    within.map_or(body.is_empty(), |within| within.trim_ascii().is_empty())
}

/// What a request's calls are made in.
pub(super) fn context(here: &Here<'_>) -> CallContext {
    let limit = here.settings.deadline;
    let mut context = here.request.context().with_deadline(here.request.began.after(limit));
    context.principal = here.known().map(|known| Arc::clone(&known.text));
    context
}

pub(super) fn begin(
    here: &Here<'_>,
    client: &dyn AnyClient,
    method: u16,
    arguments: &[u8],
    context: &Arc<CallContext>,
) -> JsonReply {
    let options = CallOptions {
        deadline: None,
        default_deadline: Some(here.settings.deadline),
        context: Some(Arc::clone(context)),
        ..CallOptions::default()
    };
    client.call_json(method, arguments, options)
}
