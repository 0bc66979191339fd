//! Bodies, no longer than they may be, and no slower.

use std::time::Duration;

use actix_web::web::{Bytes, Payload};
use tokio::time::timeout;

use crate::refusal::Refusal;

/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// All of a body.
pub(super) async fn whole(payload: Payload, limit: usize) -> Result<Bytes, Refusal> {
    match timeout(PATIENCE, payload.to_bytes_limited(limit)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(error))) => Err(Refusal::bad_request(format!("the body: {error}"))),
        Ok(Err(_)) => {
            let why = format!("the body is larger than {limit} bytes");
            Err(Refusal::new(413, "body_too_large", why))
        }
        Err(_) => Err(Refusal::new(408, "request_timeout", "the body took too long")),
    }
}
