//! `GET /push`: what services push to whoever asks, as server-sent events.

use tokio::time::timeout;

use super::{Here, Step};
use crate::http::StatusCode;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::problem::Problem;
use crate::push;
use crate::response::{Content, Response};

/// The event that a client has seen last.
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const EVENTS: HeaderValue = HeaderValue::from_static("text/event-stream");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// Has proxies pass each event on at once.
const BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const NO: HeaderValue = HeaderValue::from_static("no");

/// Opens a stream for whoever is known to ask: it ends when the edge does, or its client goes away.
pub(super) async fn open(here: &Here<'_>) -> Step<Response> {
    let Some(pushes) = &here.worker.shared.own.pushes else {
        return Err(Problem::not_found("nothing is pushed here").into());
    };
    let principal = here.principal().ok_or_else(Problem::unauthenticated)?;
    // Who is away by then is heard once it is back.
    let _ = timeout(here.settings.deadline, pushes.hear()).await;
    // What is no text is no id, either.
    let last = here.request.header(&LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let events = push::events(pushes.board(), &principal.subject, last);
    let mut response = Response::empty(StatusCode::OK);
    response.content = Content::Stream { length: None, chunks: Box::pin(events) };
    response.header(header::CONTENT_TYPE, EVENTS);
    response.header(header::CACHE_CONTROL, NO_STORE);
    response.header(BUFFERING, NO);
    Ok(response)
}
