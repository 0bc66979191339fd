//! One request from actix, and its answer to actix.

use std::convert::Infallible;
use std::rc::Rc;

use actix_http::ConnectionType;

use super::connection::{Answering, Connection};
use super::{Method, Phase};
use crate::request::{Body, Request};
use crate::response::{Content, Response};
use crate::stage;
use crate::worker::Worker;

/// Answers a request, whatever comes.
pub(super) async fn exchange(
    worker: Rc<Worker>,
    mut request: actix_http::Request,
) -> Result<actix_http::Response<Content>, Infallible> {
    let connection = request.conn_data::<Rc<Connection>>().cloned();
    let _answering = Answering::on(connection.clone());
    let last = request.head().connection_type() != ConnectionType::KeepAlive;
    let mut body = Body::new(&mut request, connection.clone());
    let request = Request::new(request, worker.now(), &worker.settings().trusted);
    let mut response = stage::answer(&worker, &request, &mut body).await;
    if *request.method() == Method::HEAD {
        response.content.forget();
    }
    response.close = response.close
        || last
        || worker.shared.connections.phase() != Phase::Serving
        || !body.settle().await;
    if response.close
        && let Some(connection) = connection
    {
        connection.close();
    }
    Ok(to_actix(response))
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
