//! Calls that are made later: kept now, and answered with a ticket.

use std::sync::Arc;
use std::time::Duration;

use seam_core::call::{AnyClient, MAX_ARGUMENTS};
use seam_core::outcome::Unknown;
use tokio::time::timeout;

use super::Here;
use crate::arguments::{self, Arguments, Found};
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::http::{Method, StatusCode};
use crate::modules::AskedModule;
use crate::prefer::Preferences;
use crate::problem::Problem;
use crate::response::Response;
use crate::routes;
use crate::tickets::{KeepError, Order, TicketId, Tickets, document};

/// Says which preferences were gone by.
pub(super) const APPLIED: HeaderName = HeaderName::from_static("preference-applied");
const ASYNC: HeaderValue = HeaderValue::from_static("respond-async");
/// The longest key, in bytes.
const LONGEST_KEY: usize = 255;

/// Who keeps the request's call: `None` if it is made now, for its client doesn't want it otherwise,
/// or reads only, or nobody keeps calls here.
pub(super) fn keeper<'a>(here: &Here<'a>) -> Option<&'a dyn Tickets> {
    let tickets = here.worker.shared.own.tickets.as_deref()?;
    let reads = matches!(*here.request.method(), Method::GET | Method::HEAD);
    let wanted = || Preferences::of(here.request.headers()).respond_async;
    (!reads && wanted()).then_some(tickets)
}

/// Has a call kept: 202 with its ticket as it is now, however far that is, for the same key is the
/// same ticket. What the call itself would be refused for is refused now.
pub(super) async fn keep(
    here: &Here<'_>,
    tickets: &dyn Tickets,
    client: &dyn AnyClient,
    method: u16,
    arguments: &Arguments,
    found: &Found<'_>,
) -> Result<Response, Problem> {
    let id = new_id()?;
    let (key, text) = (key(here)?, id.to_string());
    let collected = arguments.collect_under(found, key.unwrap_or(&text))?;
    let kept = client.kept_json(method, &collected);
    let kept = kept.map_err(|why| Problem::of_call(why.into(), client.service().bare()))?;
    let mut methods = client.descriptor().methods.iter();
    let name = methods.find(|other| other.index == method).map_or("", |method| &method.name);
    let order = Order {
        id,
        service: client.service().name().to_owned(),
        version: None,
        method: name.to_owned(),
        arguments: kept,
        key: key.map(str::to_owned),
        trace: here.request.trace,
        principal: principal(here),
    };
    answer(here, tickets, order).await
}

/// The same for a module that no contract of the app has.
pub(super) async fn keep_module(
    here: &Here<'_>,
    tickets: &dyn Tickets,
    asked: AskedModule,
) -> Result<Response, Problem> {
    let AskedModule { module, version, method, biz_content, trace, .. } = asked;
    if biz_content.len() > MAX_ARGUMENTS {
        return Err(KeepError::TooLarge { limit: MAX_ARGUMENTS }.into());
    }
    let order = Order {
        id: new_id()?,
        service: module,
        version: Some(version),
        method,
        arguments: biz_content.into_bytes(),
        key: key(here)?.map(str::to_owned),
        trace,
        principal: principal(here),
    };
    answer(here, tickets, order).await
}

/// On whose behalf a call is kept.
fn principal(here: &Here<'_>) -> Option<Arc<str>> {
    here.known().map(|known| Arc::clone(&known.text))
}

fn new_id() -> Result<TicketId, Problem> {
    TicketId::random().map_err(|cause| {
        Problem::unavailable("the call can't be kept now").because(cause.to_string())
    })
}

async fn answer(here: &Here<'_>, tickets: &dyn Tickets, order: Order) -> Result<Response, Problem> {
    let left = left(here);
    if left.is_zero() {
        return Err(Problem::deadline());
    }
    let state = timeout(left, tickets.keep(order)).await;
    let state = state.map_err(|_| Problem::of_unknown(&Unknown::DeadlineExceeded))??;
    let mut response = Response::json(StatusCode::ACCEPTED, document(&state)?);
    if let Ok(location) = HeaderValue::try_from(format!("{}/{}", routes::TICKETS, state.id)) {
        response.header(header::LOCATION, location);
    }
    response.header(APPLIED, ASYNC);
    Ok(response)
}

/// The key under which the same call is asked for again.
fn key<'a>(here: &Here<'a>) -> Result<Option<&'a str>, Problem> {
    let key = &arguments::KEY;
    let Some(value) = arguments::header(Some(here.request.headers()), key)? else {
        return Ok(None);
    };
    let text = std::str::from_utf8(value.as_bytes()).ok();
    let is_key = |text: &&str| {
        (1..=LONGEST_KEY).contains(&text.len()) && !text.bytes().any(|byte| byte.is_ascii_control())
    };
    text.filter(is_key).map(Some).ok_or_else(|| {
        let why = "takes 1 to 255 bytes of UTF-8, and no control characters";
        Problem::bad_request(format!("the header `{key}` {why}"))
    })
}

/// What is left of the request's time.
pub(super) fn left(here: &Here<'_>) -> Duration {
    let took = here.worker.now().since(here.request.began);
    here.settings.deadline.saturating_sub(took)
}
