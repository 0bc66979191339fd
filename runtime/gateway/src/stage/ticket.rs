//! `GET /tickets/{id}`: what has become of a call that was kept.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use tokio::time::timeout;

use super::Here;
use super::later::{APPLIED, left};
use crate::http::header::HeaderValue;
use crate::http::{Phase, StatusCode};
use crate::prefer::Preferences;
use crate::problem::Problem;
use crate::response::Response;
use crate::tickets::{Progress, TicketId, TicketState, Tickets, document};

/// The longest wait for an end.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Answers with the ticket of that id.
pub(super) async fn find(here: &Here<'_>, id: &str) -> Result<Response, Problem> {
    let tickets = here.worker.shared.own.tickets.as_deref();
    let (Some(tickets), Some(id)) = (tickets, TicketId::parse(id)) else {
        return Err(Problem::ticket_not_found());
    };
    let wait = wait(here);
    let mut state = look(here, tickets, id, Duration::ZERO).await?;
    // That there is one is nobody else's business.
    if state.owner.as_ref().is_some_and(|owner| !is(here, owner)) {
        return Err(Problem::ticket_not_found());
    }
    if state.progress == Progress::Pending && !wait.is_zero() {
        state = tokio::select! {
            biased;
            state = look(here, tickets, id, wait) => state?,
            // Who waits asks again elsewhere.
            () = stopping(here) => look(here, tickets, id, Duration::ZERO).await?,
        };
    }
    let status = match state.progress {
        Progress::Pending => StatusCode::ACCEPTED,
        Progress::Done(_) | Progress::Failed(_) => StatusCode::OK,
    };
    let mut response = Response::json(status, document(&state)?);
    if wait.as_secs() > 0
        && let Ok(applied) = HeaderValue::try_from(format!("wait={}", wait.as_secs()))
    {
        response.header(APPLIED, applied);
    }
    Ok(response)
}

/// Whether it is that one who asks.
fn is(here: &Here<'_>, owner: &str) -> bool {
    here.principal().is_some_and(|who| who.key() == owner)
}

/// How long the client would have its answer wait for the end, as far as the request's deadline
/// allows it: a little is left for the answer itself.
fn wait(here: &Here<'_>) -> Duration {
    let Some(wait) = Preferences::of(here.request.headers()).wait else { return Duration::ZERO };
    let left = left(here);
    wait.min(LONGEST_WAIT).min(left - left / 16)
}

async fn look(
    here: &Here<'_>,
    tickets: &dyn Tickets,
    id: TicketId,
    wait: Duration,
) -> Result<TicketState, Problem> {
    let found = timeout(left(here), tickets.find(id, wait)).await;
    Ok(found.map_err(|_| Problem::deadline())??)
}

/// Until the edge is told to stop: its connections are woken for that, and what they answer with
/// them.
async fn stopping(here: &Here<'_>) {
    let connections = &here.worker.shared.connections;
    poll_fn(|_| match connections.phase() {
        Phase::Serving => Poll::Pending,
        Phase::Notice | Phase::Closing => Poll::Ready(()),
    })
    .await;
}
