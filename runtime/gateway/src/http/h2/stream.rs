//! One request, and its answer.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use h2::RecvStream;
use h2::server::SendResponse;
use seam_core::context::TraceContext;

use super::body::Incoming;
use super::head;
use super::sending::{self, Unsent};
use super::watch::Watch;
use crate::http::connection::Connection;
use crate::http::exchange::respond;
use crate::problem::Problem;
use crate::request::Body;
use crate::response::Response;
use crate::settings::EdgeLimits;
use crate::worker::Worker;

/// What a stream knows of its connection.
#[derive(Debug)]
pub(super) struct On {
    pub(super) secure: bool,
    pub(super) limits: EdgeLimits,
    pub(super) peer: SocketAddr,
    pub(super) watch: Rc<Watch>,
}

/// How a stream has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Its answer was sent to its end.
    pub(super) is_sent: bool,
    /// Its answer was its connection's last.
    pub(super) is_last: bool,
}

/// Answers a request, unless its client takes it back.
pub(super) async fn answer(
    worker: Rc<Worker>,
    on: Rc<On>,
    request: http::Request<RecvStream>,
    mut out: SendResponse<Bytes>,
) -> Ended {
    let is_head = *request.method() == http::Method::HEAD;
    if wants_word(&request) {
        // Without it the client waits for a while.
        let mut go_on = http::Response::new(());
        *go_on.status_mut() = http::StatusCode::CONTINUE;
        let _ = out.send_informational(go_on);
    }
    let response = {
        let mut answering = pin!(response(&worker, &on, request));
        poll_fn(|cx| match out.poll_reset(cx) {
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => answering.as_mut().poll(cx).map(Some),
        })
        .await
    };
    let Some(response) = response else { return Ended { is_sent: false, is_last: false } };
    let is_last = response.close;
    match sending::send(&mut out, response, is_head, &on).await {
        Ok(()) => Ended { is_sent: true, is_last },
        Err(Unsent::Gone) => Ended { is_sent: false, is_last },
        Err(Unsent::Stalled) => {
            tracing::debug!(peer = %on.peer, "a client that reads nothing is left");
            Ended { is_sent: false, is_last: true }
        }
    }
}

/// Whether its client waits with the body until it is told to go on.
fn wants_word(request: &http::Request<RecvStream>) -> bool {
    let expected = request.headers().get(http::header::EXPECT);
    !request.body().is_end_stream()
        && expected.is_some_and(|what| what.as_bytes().eq_ignore_ascii_case(b"100-continue"))
}

async fn response(worker: &Worker, on: &On, request: http::Request<RecvStream>) -> Response {
    let (parts, received) = request.into_parts();
    let connection = Rc::new(Connection::new(on.secure));
    let payload = Incoming::payload(received, &parts.headers, &connection, on);
    let mut request = match head::to_actix(&parts, payload, on) {
        Ok(request) => request,
        Err(problem) => return refused(worker, problem),
    };
    let mut body = Body::new(&mut request, Some(connection));
    respond(worker, request, &mut body, on.secure).await
}

/// The answer to what never came to be a request.
fn refused(worker: &Worker, problem: Problem) -> Response {
    let (settings, trace) = (worker.settings(), TraceContext::root().trace);
    let shape = worker.shared.own.problems.as_ref();
    let mut response = Response::of_problem(problem, trace, &settings.errors, shape);
    response.identify(trace);
    response
}
