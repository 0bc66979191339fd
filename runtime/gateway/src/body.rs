//! Bodies, up to a size and not below a speed.

use std::time::Duration;

use actix_http::error::PayloadError;
use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header;
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use futures_util::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep_until};

use crate::problem::Problem;
use crate::settings::EdgeLimits;

/// Reads a request's body.
pub(crate) async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: &EdgeLimits,
) -> Result<Bytes, Problem> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if length.is_some_and(|length| length > limits.body as u64) {
        return Err(Problem::too_large(limits.body));
    }
    if let Payload::None = payload {
        return Ok(Bytes::new());
    }
    let mut reading = Reading { payload, limits, started: None, bytes: 0 };
    let Some(first) = reading.next().await? else { return Ok(Bytes::new()) };
    let Some(second) = reading.next().await? else { return Ok(first) };
    // As much as is announced, but no more than the client has shown to be good for.
    let mut all = BytesMut::with_capacity((first.len() + second.len()) * 2);
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    while let Some(chunk) = reading.next().await? {
        all.extend_from_slice(&chunk);
    }
    Ok(all.freeze())
}

struct Reading<'a> {
    payload: &'a mut Payload,
    limits: &'a EdgeLimits,
    /// When it was waited for the first time: a body that is there needs no clock.
    started: Option<Instant>,
    bytes: usize,
}

impl Reading<'_> {
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let chunk = match self.payload.next().now_or_never() {
            Some(chunk) => chunk,
            None => self.wait().await?,
        };
        let Some(chunk) = chunk else { return Ok(None) };
        let chunk = chunk.map_err(broken)?;
        self.bytes = self.bytes.saturating_add(chunk.len());
        if self.bytes > self.limits.body {
            return Err(Problem::too_large(self.limits.body));
        }
        Ok(Some(chunk))
    }

    async fn wait(&mut self) -> Result<Option<Result<Bytes, PayloadError>>, Problem> {
        let started = *self.started.get_or_insert_with(Instant::now);
        let overdue = sleep_until(started + overdue_after(self.bytes, self.limits));
        match select(self.payload.next(), std::pin::pin!(overdue)).await {
            Either::Left((chunk, _)) => Ok(chunk),
            Either::Right(_) => Err(Problem::too_slow("the body comes in too slowly")),
        }
    }
}

/// When a body of which so many bytes have come is too slow, if no more come.
fn overdue_after(bytes: usize, limits: &EdgeLimits) -> Duration {
    let millis = (bytes as u64).saturating_mul(1000) / u64::from(limits.body_speed.get());
    Duration::from_millis(millis).max(limits.body_patience).min(limits.body_time)
}

fn broken(error: PayloadError) -> Problem {
    match error {
        PayloadError::Overflow => Problem::new(
            actix_web::http::StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "the body is too large",
        )
        .closing(),
        _ => Problem::bad_request("the body is malformed or ends early").closing(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_to_keep_its_pace() {
        let limits = EdgeLimits::default();
        let seconds = |bytes| overdue_after(bytes, &limits).as_secs();
        assert_eq!(seconds(0), 5);
        assert_eq!(seconds(5 << 10), 5);
        assert_eq!(seconds(7 << 10), 7);
        assert_eq!(seconds(1 << 20), 30);
    }
}
