//! Bodies, up to a size. How fast they must come in is watched by the stream below.

use std::future::poll_fn;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Waker};

use actix_http::Request;
use actix_http::error::PayloadError;
use actix_web::dev::Payload;
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};

use crate::problem::Problem;
use crate::stream::Shared;

/// Reads a request's body, of at most `limit` bytes.
pub(crate) async fn read(
    request: &Request,
    payload: &mut Payload,
    limit: usize,
) -> Result<Bytes, Problem> {
    let length = request.head().headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limit as u64) {
        return Err(Problem::too_large(limit));
    }
    if let Payload::None = payload {
        return Ok(Bytes::new());
    }
    let mut all = BytesMut::new();
    let mut first = Bytes::new();
    let mut next = first_piece(payload).await;
    while let Some(chunk) = next {
        let chunk = chunk.map_err(|error| broken(&error, request))?;
        if first.len() + all.len() + chunk.len() > limit {
            return Err(Problem::too_large(limit));
        }
        if !all.is_empty() {
            all.extend_from_slice(&chunk);
        } else if first.is_empty() {
            // Most bodies come in one piece, and aren't copied.
            first = chunk;
        } else {
            all.reserve((first.len() + chunk.len()) * 2);
            all.extend_from_slice(&mem::take(&mut first));
            all.extend_from_slice(&chunk);
        }
        next = payload.next().await;
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The first piece of a body, or its end.
///
/// actix begins a request before it looks at the bytes after its head. Then it feeds the body and
/// polls the request again, in the same pass over the connection. Woken for that as well, the
/// connection would be passed over once more, for nothing: most bodies come with their heads. So
/// the first look leaves no waker behind, and only what it doesn't find is waited for.
async fn first_piece(payload: &mut Payload) -> Option<Result<Bytes, PayloadError>> {
    let mut looked = false;
    poll_fn(|cx| {
        let mut quiet = Context::from_waker(Waker::noop());
        let cx = if mem::replace(&mut looked, true) { cx } else { &mut quiet };
        Pin::new(&mut *payload).poll_next(cx)
    })
    .await
}

fn broken(error: &PayloadError, request: &Request) -> Problem {
    let shared = request.conn_data::<Rc<Shared>>();
    if shared.is_some_and(|shared| shared.slow_body.get()) {
        return Problem::too_slow("the body comes in too slowly");
    }
    Problem::bad_request(format!("the body is broken: {error}")).closing()
}
