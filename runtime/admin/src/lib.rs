//! The admin listener: what runs, seen and steered by those who operate it.
//!
//! An [`Admin`] serves HTTP, on actix-web, to people's browsers and to scripts. It knows nothing of units
//! but what [`Units`] says of them: whoever runs units asks them, and has them do what is asked. Every
//! change goes one way, [`Steering`], whether it comes from the page, by HTTP or from the command line: it
//! is authorised, done or refused whole, and written down in the [`Audit`].
//!
//! | asks for | needs |
//! | --- | --- |
//! | `GET /healthz`; on loopback `GET /metrics` | nothing |
//! | what there is to see: `GET /`, `GET /api/…` | a token, or the cookie of a login link |
//! | what changes something: `POST /api/…` | the same, of an operator |
//!
//! All routes are in one list, [`routes`]. What is refused is answered with a problem
//! (`application/problem+json`) with `status`, `code` and `detail`, worded as the edge words them.

mod acts;
mod api;
mod asks;
mod audit;
mod auth;
mod feed;
pub mod page;
mod refusal;
mod server;
mod settings;
mod steering;
mod units;

pub use self::acts::{Act, BreakerAct, BreakerAction, Call, Deed, Move, Replay, Restart, Set};
pub use self::api::{Access, Route, Verb, routes};
pub use self::asks::{Ask, Listen, LogQuery, ServiceQuery, TapQuery, TraceQuery};
pub use self::audit::{Audit, AuditEntry};
pub use self::auth::{LoginLink, OperatorToken, Role, TokenError, Who};
pub use self::feed::{Feed, Feeder, Told, feed};
pub use self::refusal::Refusal;
pub use self::server::Admin;
pub use self::settings::{AdminSettings, NamedToken};
pub use self::steering::{Judged, Steering};
pub use self::units::{Done, Units};
