//! Whether the unit lives, and whether it is ready.

use super::{Here, Step};
use crate::http::{Phase, StatusCode};
use crate::problem::Problem;
use crate::response::Response;

/// `GET /healthz`.
pub(super) fn alive() -> Response {
    Response::json(StatusCode::OK, br#"{"status":"ok"}"#.to_vec())
}

/// `GET /readyz`.
pub(super) async fn ready(here: &Here<'_>) -> Step<Response> {
    if here.worker.shared.connections.phase() != Phase::Serving {
        return Err(Problem::unavailable("the unit is stopping").into());
    }
    let probe = here.worker.shared.probe.ready();
    match tokio::time::timeout(here.settings.deadline, probe).await {
        Ok(Ok(())) => Ok(Response::json(StatusCode::OK, br#"{"status":"ready"}"#.to_vec())),
        Ok(Err(why)) => Err(Problem::unavailable(why).into()),
        Err(_) => Err(Problem::unavailable("the probe doesn't answer").into()),
    }
}
