//! Routes of the program's own, which are tried when no contract has one.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use seam_core::context::in_context;
use seam_core::outcome::Unknown;
use tokio::time::timeout;

use super::{Here, Step, call, cors, files};
use crate::problem::Problem;
use crate::request::Body;
use crate::response::Response;

/// Answers by a route of the program's own; `otherwise` if there is none.
pub(super) async fn answer(here: &Here<'_>, body: &mut Body, otherwise: Problem) -> Step<Response> {
    let limit = here.settings.limits.body;
    body.fits(limit)?;
    let Some(own) = here.worker.own() else { return files::answer(here, otherwise).await };
    // What it leaves half done is its own: nothing of the edge's is touched by it.
    let answering = own.answer(here.request, body, limit);
    // Its calls are made as any request's are, on behalf of the same principal.
    let answering = in_context(Arc::new(call::context(here)), answering);
    let answering = AssertUnwindSafe(answering).catch_unwind();
    let answered = match timeout(here.settings.deadline, answering).await {
        Ok(Ok(Some(response))) => Ok(cors::of_own(here, response)),
        Ok(Ok(None)) => return files::answer(here, otherwise).await,
        Ok(Err(_)) => Err(Problem::of_unknown(&Unknown::Panicked)),
        Err(_) => Err(Problem::of_unknown(&Unknown::DeadlineExceeded).closing()),
    };
    let status =
        answered.as_ref().map_or_else(|problem| problem.status, |response| response.status);
    let took = here.worker.now().since(here.request.began);
    let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    here.worker.shared.own_metrics.count(status, nanos, &here.settings.clock);
    Ok(answered?)
}
