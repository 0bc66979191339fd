//! The edge of seam: the HTTP side of a unit, on actix-web (its HTTP engine; the routes are ours), and
//! for HTTP/2 on h2.
//!
//! An [`Edge`] serves the contracts of the clients that it is given. Nobody writes a handler: a
//! method says `#[call(http = "POST /api/order")]`, and the edge finds the arguments of such a
//! request, makes the call and answers. There are three ways in, and one dispatch behind them:
//!
//! | way in | who may call what |
//! | --- | --- |
//! | the routes that methods declare | every method that declares one |
//! | `POST /rpc/{service}/{method}`, a JSON object of arguments | methods marked `public` |
//! | `POST /gateway`, a form with `module`, `version`, `method`, `bizContent` | methods marked `public` |
//!
//! `GET /openapi.json` describes all of them ([`openapi()`]), and `GET /docs` shows that as a page where
//! calls can be tried. `GET /healthz` says that the process lives, `GET /readyz` what its [`Probe`] says.
//!
//! # Where arguments come from
//!
//! Names match in `camelCase` and in `snake_case`. An argument named in the path is taken from the
//! path, one that the route ties to a header from that header. The others come from the query for
//! GET and DELETE, and otherwise from the body, a JSON object. If exactly one argument is left to
//! the body, and the body is no object with that name, the whole body is that argument:
//! `place(order: NewOrder, key: String)` with `key` tied to a header takes the body as `order`.
//! Texts from paths, queries and headers are read as the method's schema says: `7` for an integer,
//! `true` for a boolean; what doesn't fit is a 400. An argument that is a list is every value of its
//! name in a query, one that is a struct its fields. An argument that is a
//! [`Blob`](seam_core::codec::Blob) is the whole body, of whatever media type.
//!
//! JSON is read to the letter: a name that no argument or struct has is a 400 at every depth, and so
//! are an array in place of an object, a name that comes twice and a number that doesn't fit.
//! Unknown keys of a query are refused too, unless [`EdgeLimits::unknown_query`] says otherwise.
//!
//! # Calls that are made later
//!
//! Where somebody keeps calls ([`Tickets`]), each of these ways in takes `Prefer: respond-async`, but
//! for GET: the call is kept, and answered by 202 with the ticket under which `GET /tickets/{id}` has
//! its result. `Idempotency-Key` is the call's key, and the same key is the same ticket. Without it,
//! an argument that a route ties to that header is the ticket's id.
//!
//! # What is pushed
//!
//! `GET /push` is a stream of server-sent events for the subject of whoever asks ([`Pushes`]), which
//! needs a credential. Its ids are understood by every edge of the app.
//!
//! # Answers
//!
//! An answer is JSON, with the status that its route declares. An
//! [`Answer`](seam_core::codec::Answer) has a status, headers and cookies of its own; a `Blob` is
//! the body, with its media type.
//!
//! On its way out an answer gets what it doesn't say itself: `Cache-Control`, a strong `ETag` if it is
//! all of a GET's content, or 304 for who has that already; then a coding that the client takes, from
//! 1 KiB on. [`WebSettings`] says which pages of other origins may read answers, which methods'
//! answers are kept for a while, and which folders are shown where nothing else has a path.
//!
//! # Errors
//!
//! Every error that the edge answers is an `application/problem+json` (RFC 9457) with a stable
//! `code`, an `outcome` (`service`, `not_executed` or `unknown`) and the `requestId`, which is the
//! trace id that the calls of the request travel under; the header `X-Request-Id` has it as well.
//! A service's error has the status that its contract declares, and its fields as members,
//! but for those that are called as the edge's own. Its `type` is `/errors/CODE`, a page of the edge
//! that explains it, unless [`EdgeSettings::errors`] names another place. What is no HTTP request at all gets the same,
//! with an id of its own.
//!
//! # Versions and TLS
//!
//! HTTP/1.1 and HTTP/2 come to the same stages, and are answered alike. Without TLS, HTTP/2 is spoken on
//! loopback, by who knows that beforehand; by TLS ([`EdgeTls`]) as client and edge agree.
//!
//! # What is refused
//!
//! Heads, bodies, connections and their speed have limits ([`EdgeLimits`]). Requests that proxies
//! and servers are known to read differently are refused and their connection is closed: bare line
//! feeds in heads, an absolute URI for another host, and paths with dot segments, empty segments,
//! encoded slashes, backslashes or control characters.

mod argument;
mod arguments;
mod auth;
mod cache;
mod coding;
mod cors;
mod docs;
mod edge;
mod error;
mod errors;
mod files;
mod form;
mod http;
mod json;
mod kind;
mod local;
mod location;
mod metered;
mod methods;
mod modules;
mod names;
mod openapi;
mod own;
mod prefer;
mod probe;
mod problem;
mod push;
mod query;
mod request;
mod response;
mod routes;
mod rpc;
mod security;
mod settings;
mod shape;
mod stage;
mod tag;
mod target;
mod tickets;
mod together;
mod versions;
mod web;
mod worker;

/// The HTTP library whose routes a program may add, in the version that the edge takes.
pub use actix_web;

pub use self::auth::{
    AuthSettings, Authenticators, JwtKeys, JwtSettings, KeySettings, SessionSettings, SigningApp,
    SigningSettings, Source, SourceError, new_key,
};
pub use self::cors::Cors;
pub use self::edge::Edge;
pub use self::error::EdgeError;
pub use self::files::FileFolder;
pub use self::http::{EdgeListener, EdgeListeners, EdgeTls, EdgeTlsError, LastOne, OwnRoutes};
pub use self::metered::CountedRequests;
pub use self::modules::{AskedModule, ModuleError, Modules, module_failure};
pub use self::openapi::{About, Api, Asks, Scheme, openapi};
pub use self::own::Own;
pub use self::probe::{Probe, Readiness};
pub use self::problem::{problem, public_problem};
pub use self::push::{Board, KEPT, Pushed, Pushes, Said};
pub use self::routes::check_routes;
pub use self::security::{Asked, AskedRequest, Refusal, SecurityPlugin};
pub use self::settings::{EdgeLimits, EdgeSettings, UnknownQuery};
pub use self::shape::{ProblemReport, Shape, Shaped};
pub use self::tickets::{FindError, KeepError, Order, Progress, TicketId, TicketState, Tickets};
pub use self::together::{
    Alone, Among, Apart, Ask, Claim, Companion, InFiles, Other, Others, Reached, Standing, Take,
    Taken, Together, together_contract, together_service,
};
pub use self::versions::Versions;
pub use self::web::WebSettings;
