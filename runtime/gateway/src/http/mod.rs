//! The HTTP engine: connections, and what stands on them. Only here and in [`request`](crate::request)
//! does anything know that the engine is actix's, and for HTTP/2 h2's; who comes later speaks of
//! requests and responses.

mod connection;
mod connections;
mod content;
mod exchange;
mod framing;
mod h2;
mod listener;
mod opening;
mod own;
mod proxy;
mod refusal;
mod server;
mod socket;
mod stream;
mod tls;
mod waits;

pub(crate) use actix_http::header;
pub(crate) use actix_http::header::{HeaderMap, HeaderName, HeaderValue};
pub(crate) use actix_http::{Method, StatusCode, Version};

pub(crate) use self::connection::{Broken, Connection};
pub(crate) use self::connections::{Connections, Phase};
pub use self::listener::{EdgeListener, EdgeListeners, LastOne};
pub use self::own::OwnRoutes;
pub(crate) use self::own::OwnService;
pub(crate) use self::server::{Running, start};
pub use self::tls::{EdgeTls, EdgeTlsError};
