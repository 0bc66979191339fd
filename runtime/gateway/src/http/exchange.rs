//! One request from actix, and its answer to actix.

use std::convert::Infallible;
use std::rc::Rc;

use actix_http::ConnectionType;

use super::connection::{Answering, Connection};
use super::header::STRICT_TRANSPORT_SECURITY;
use super::{HeaderValue, Method, Phase};
use crate::request::{Body, Request};
use crate::response::{Content, Response};
use crate::stage;
use crate::worker::Worker;

/// For so long clients come by TLS only.
const A_YEAR: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Answers a request, whatever comes.
pub(super) async fn exchange(
    worker: Rc<Worker>,
    mut request: actix_http::Request,
) -> Result<actix_http::Response<Content>, Infallible> {
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let _answering = Answering::on(connection.clone());
    let last = request.head().connection_type() != ConnectionType::KeepAlive;
    let mut body = Body::new(&mut request, connection.clone());
    let secure = connection.as_ref().is_some_and(|connection| connection.is_secure());
    let mut response = respond(&worker, request, &mut body, secure).await;
    response.close = response.close || last || !body.settle().await;
    if response.close
        && let Some(connection) = connection
    {
        connection.close();
    }
    Ok(to_actix(response))
}

/// The response to a request, by whichever version of HTTP that came.
pub(super) async fn respond(
    worker: &Worker,
    request: actix_http::Request,
    body: &mut Body,
    secure: bool,
) -> Response {
    let recorder = &worker.shared.metered.recorder;
    let settings = worker.settings();
    let request = Request::new(request, worker.now(), &settings.trusted, secure, recorder);
    let mut response = stage::answer(worker, &request, body).await;
    if *request.method() == Method::HEAD {
        response.content.forget();
    }
    if secure {
        response.header(STRICT_TRANSPORT_SECURITY, A_YEAR);
    }
    response.close |= worker.shared.connections.phase() != Phase::Serving;
    response
}

fn to_actix(response: Response) -> actix_http::Response<Content> {
    let Response { status, headers, content, close, .. } = response;
    let mut response = actix_http::Response::with_body(status, content);
    let fields = response.headers_mut();
    for (name, value) in headers {
        fields.append(name, value);
    }
    if close {
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    response
}
