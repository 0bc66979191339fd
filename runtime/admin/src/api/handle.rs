//! The way of a request.

use std::sync::Arc;

use actix_web::http::{Method, header};
use actix_web::web::{Data, Payload, Query};
use actix_web::{HttpRequest, HttpResponse};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use percent_encoding::percent_decode_str;
use ring::digest::{SHA256, digest};
use seam_telemetry::prometheus::Exposition;
use serde::Deserialize;
use serde_json::{Value, json};

use super::asked::Asked;
use super::gate::{Known, now};
use super::routes::{Access, Does, Route, Verb};
use super::state::State;
use super::{answer, body, stream};
use crate::acts::Act;
use crate::asks::Ask;
use crate::auth::cookie;
use crate::refusal::Refusal;

/// How many entries of the audit are shown at most.
const ENTRIES: usize = 1000;

/// Answers a request.
pub(crate) async fn handle(
    state: Data<State>,
    request: HttpRequest,
    payload: Payload,
) -> HttpResponse {
    let response = answered(&state, &request, payload).await;
    answer::finished(response.unwrap_or_else(answer::problem))
}

async fn answered(
    state: &Data<State>,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Refusal> {
    state.check_host(request)?;
    let path = request.uri().path();
    let found = state.paths.at(path).ok();
    let file = state.settings.files.iter().find(|file| file.path == path);
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if path == "/"
        && *request.method() == Method::GET
        && let Some(code) = login_code(request)
    {
        return log_in(state, &code);
    }
    let routes = found.as_ref().map(|found| found.value.as_slice()).unwrap_or_default();
    let fits = |route: &&&'static Route| match route.verb {
        Verb::Get => reads,
        Verb::Post => *request.method() == Method::POST,
    };
    let route = routes.iter().find(fits).copied();
    let known = match route {
        Some(route) if state.is_open(route.access) => None,
        _ => match state.known(request) {
            Ok(known) => Some(known),
            Err(refusal) if path == "/" && is_person(request) => {
                return Ok(answer::nobody(&refusal));
            }
            Err(refusal) => return Err(refusal),
        },
    };
    let Some(route) = route else {
        return match file {
            Some(file) if reads => Ok(answer::file(file)),
            Some(_) => Ok(not_allowed("GET, HEAD")),
            None if routes.is_empty() => {
                Err(Refusal::not_found("there is nothing at this path of the admin listener"))
            }
            None => Ok(not_allowed(allowed(routes))),
        };
    };
    if let Some(known) = &known {
        known.may(route.access)?;
        known.check_origin(request)?;
    }
    let body = match route.verb {
        Verb::Post => body::whole(payload, state.settings.body).await?,
        Verb::Get => Default::default(),
    };
    let asked = Asked {
        params: found.map(|found| params(&found.params)).unwrap_or_default(),
        query: request.query_string(),
        body: &body,
        who: known.as_ref().map(|known| &known.who),
    };
    done(state, request, route, &asked, known.as_ref()).await
}

/// What stands in the path, as it is meant.
fn params(sent: &matchit::Params<'_, '_>) -> Vec<(String, String)> {
    let meant = |value: &str| percent_decode_str(value).decode_utf8_lossy().into_owned();
    sent.iter().map(|(name, value)| (name.to_owned(), meant(value))).collect()
}

async fn done(
    state: &Data<State>,
    request: &HttpRequest,
    route: &Route,
    asked: &Asked<'_>,
    known: Option<&Known>,
) -> Result<HttpResponse, Refusal> {
    match route.does {
        Does::Health => Ok(answer::json(r#"{"status":"ok"}"#)),
        Does::Me => {
            let who = known.map(|known| &known.who);
            let (name, role) = (who.map(|who| &who.name), who.map(|who| who.role));
            Ok(answer::json(json!({ "who": name, "role": role }).to_string()))
        }
        Does::Audit => audit(state, asked.limit(ENTRIES)?).await,
        Does::Metrics => metrics(state, request).await,
        Does::Ask(member, make) => {
            let value = state.units.ask(make(asked)?).await?;
            Ok(answer::json(match member {
                Some(member) => json!({ member: value }).to_string(),
                None => value.to_string(),
            }))
        }
        Does::Tagged(make) => {
            let text = state.units.ask(make(asked)?).await?.to_string();
            Ok(tagged(request, text))
        }
        Does::Listen(_) if *request.method() == Method::HEAD => Ok(not_allowed("GET")),
        Does::Listen(make) => {
            let full = |_| Refusal::overloaded("too many listen already");
            let place = Arc::clone(&state.streams).try_acquire_owned().map_err(full)?;
            Ok(stream::events(state.units.listen(make(asked)?).await?, place))
        }
        Does::Act(make) => {
            let act = make(asked)?;
            let nobody = || Refusal::new(401, "unauthenticated", "this needs a credential");
            act_on(state, known.ok_or_else(nobody)?, act).await
        }
    }
}

/// Has something done to its end, whether or not who asked for it stays.
async fn act_on(state: &Data<State>, known: &Known, act: Act) -> Result<HttpResponse, Refusal> {
    let full = |_| Refusal::overloaded("too much is being done already");
    let place = Arc::clone(&state.acts).try_acquire_owned().map_err(full)?;
    let (steering, units) = (state.steering.clone(), Arc::clone(&state.units));
    let who = known.who.clone();
    let acting = tokio::spawn(async move {
        let done = steering.act(&*units, &who, act).await;
        drop(place);
        done
    });
    let done = acting.await.unwrap_or_else(|gone| Err(Refusal::failed(gone.to_string())))?;
    Ok(answer::json(done.answer.get()))
}

async fn audit(state: &Data<State>, limit: usize) -> Result<HttpResponse, Refusal> {
    let audit = Arc::clone(state.steering.audit());
    let read = tokio::task::spawn_blocking(move || audit.newest(limit)).await;
    let entries = read.unwrap_or_else(|gone| Err(std::io::Error::other(gone)));
    let entries = entries
        .map_err(|error| Refusal::unavailable(format!("the audit can't be read: {error}")))?;
    Ok(answer::json(json!({ "audit": entries }).to_string()))
}

async fn metrics(state: &Data<State>, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let form = Exposition::accepted(accept.unwrap_or_default());
    let open_metrics = form == Exposition::OpenMetrics;
    let text = match state.units.ask(Ask::Metrics { open_metrics }).await? {
        Value::String(text) => text,
        _ => return Err(Refusal::failed("metrics are no text")),
    };
    Ok(HttpResponse::Ok().content_type(form.content_type()).body(text))
}

/// An answer that who has it already needn't be sent again.
fn tagged(request: &HttpRequest, text: String) -> HttpResponse {
    let digest = digest(&SHA256, text.as_bytes());
    let tag = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(digest));
    let has = request.headers().get_all(header::IF_NONE_MATCH);
    let mut has = has.filter_map(|tags| tags.to_str().ok()).flat_map(|tags| tags.split(','));
    if has.any(|own| own.trim().trim_start_matches("W/") == tag || own.trim() == "*") {
        return HttpResponse::NotModified().insert_header((header::ETAG, tag)).finish();
    }
    let mut response = answer::json(text);
    if let Ok(tag) = tag.try_into() {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

#[derive(Deserialize)]
struct Login {
    login: String,
}

fn login_code(request: &HttpRequest) -> Option<String> {
    Query::<Login>::from_query(request.query_string()).ok().map(|login| login.into_inner().login)
}

fn log_in(state: &State, code: &str) -> Result<HttpResponse, Refusal> {
    let over = || {
        let why = "this login link was used, or is older than 30 s: the command `dashboard` prints \
                   another";
        Refusal::new(401, "invalid_credential", why)
    };
    let who = state.logins.enter(&state.operator, state.address, code, now()).ok_or_else(over)?;
    let made = cookie(&state.operator, state.address, &who, now());
    made.map(|cookie| answer::logged_in(&cookie))
        .map_err(|error| Refusal::failed(error.to_string()))
}

/// Whether it is a browser that wants to show something.
fn is_person(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    accept.is_some_and(|kinds| kinds.contains("text/html"))
}

fn allowed(routes: &[&Route]) -> &'static str {
    match routes.iter().any(|route| route.access != Access::Operator) {
        true => "GET, HEAD",
        false => "POST",
    }
}

fn not_allowed(allow: &'static str) -> HttpResponse {
    let refusal = Refusal::new(405, "method_not_allowed", format!("this path knows {allow}"));
    let mut response = answer::problem(refusal);
    response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static(allow));
    response
}
