//! Bodies, up to a size. How fast they must come in is watched by the stream below.

use std::rc::Rc;

use actix_http::Request;
use actix_http::error::PayloadError;
use actix_web::dev::Payload;
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;

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
    while let Some(chunk) = payload.next().await {
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
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&chunk);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

fn broken(error: &PayloadError, request: &Request) -> Problem {
    let shared = request.conn_data::<Rc<Shared>>();
    if shared.is_some_and(|shared| shared.slow_body.get()) {
        return Problem::too_slow("the body comes in too slowly");
    }
    Problem::bad_request(format!("the body is broken: {error}")).closing()
}
