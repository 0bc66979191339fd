//! Routes of the program's own: an actix-web `App` behind the same connections.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use actix_http::ConnectionType;
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use actix_service::boxed::{self, BoxService};
use actix_service::{IntoServiceFactory, ServiceFactory};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpResponse};
use futures_util::stream;

use crate::request::{Body, Request};
use crate::response::{Content, Response};

/// Adds a program's own routes to what an edge serves; it is asked once per thread and socket.
pub type OwnRoutes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// A thread's own of them.
pub(crate) struct OwnService(BoxService<actix_http::Request, ServiceResponse, actix_web::Error>);

/// Marks the response of a path that no route has.
struct Nothing;

impl OwnService {
    /// `None` if what the routes need couldn't be made, which actix has logged.
    pub(crate) async fn new(routes: &OwnRoutes) -> Option<Self> {
        let nothing = || async {
            let mut response = HttpResponse::NotFound().finish();
            response.extensions_mut().insert(Nothing);
            response
        };
        let app = App::new().default_service(web::to(nothing)).configure(|web| routes(web));
        let service = app.into_factory().new_service(AppConfig::default()).await.ok()?;
        Some(Self(boxed::service(service)))
    }

    /// Answers a request, of whose body at most `limit` bytes are read; `None` if no route is meant.
    pub(crate) async fn answer(
        &self,
        request: &Request,
        body: &mut Body,
        limit: usize,
    ) -> Option<Response> {
        let response = match self.0.call(request.forwarded(body, limit)).await {
            Ok(response) => response.into_parts().1,
            Err(error) => error.error_response(),
        };
        let is_none = response.extensions().contains::<Nothing>();
        (!is_none).then(|| from_actix(response))
    }
}

fn from_actix(response: HttpResponse) -> Response {
    let mut ours = Response::empty(response.status());
    ours.close = response.head().connection_type() == ConnectionType::Close;
    for (name, value) in response.headers() {
        // How the answer is framed is settled between its content and the connection.
        if !matches!(*name, CONNECTION | CONTENT_LENGTH | TRANSFER_ENCODING) {
            ours.header(name.clone(), value.clone());
        }
    }
    ours.content = content(response.into_body());
    ours
}

fn content(body: BoxBody) -> Content {
    let length = match body.size() {
        BodySize::None => return Content::Bytes(Default::default()),
        BodySize::Sized(length) => Some(length),
        BodySize::Stream => None,
    };
    match body.try_into_bytes() {
        Ok(bytes) => Content::Bytes(bytes),
        Err(mut body) => {
            let chunks = stream::poll_fn(move |cx| {
                let chunk = Pin::new(&mut body).poll_next(cx);
                chunk.map_err(|error| io::Error::other(error.to_string()))
            });
            Content::Stream { length, chunks: Box::pin(chunks) }
        }
    }
}
