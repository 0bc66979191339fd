//! `GET /push`: what services push to whoever asks, as server-sent events.

use std::time::Duration;

use tokio::time::timeout;

use super::{Here, Step};
use crate::auth::now;
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

/// The longest that a stream goes on: a credential may be taken back, and who still has one goes on
/// behind the last event.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// Opens a stream for whoever is known to ask: it ends when the edge does, its client goes away, or the
/// credential doesn't hold any more.
pub(super) async fn open(here: &Here<'_>) -> Step<Response> {
    let Some(pushes) = &here.worker.shared.own.pushes else {
        return Err(Problem::not_found("nothing is pushed here").into());
    };
    let known = here.known().ok_or_else(Problem::unauthenticated)?;
    // Who is away by then is heard once it is back.
    let _ = timeout(here.settings.deadline, pushes.hear()).await;
    // What is no text is no id, either.
    let last = here.request.header(&LAST_EVENT_ID).and_then(|id| id.to_str().ok());
    let time = known.until.map_or(LONGEST, |until| until.saturating_sub(now()).min(LONGEST));
    let events = push::events(pushes.board(), &known.principal.subject, last, time);
    let mut response = Response::empty(StatusCode::OK);
    response.content = Content::Stream { length: None, chunks: Box::pin(events) };
    response.header(header::CONTENT_TYPE, EVENTS);
    response.header(header::CACHE_CONTROL, NO_STORE);
    response.header(BUFFERING, NO);
    Ok(response)
}
