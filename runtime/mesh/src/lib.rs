//! The mesh: the endpoints of a service that isn't here, as one [`Remote`](seam_core::remote::Remote).
//!
//! | file | holds |
//! | --- | --- |
//! | `pool` | [`Pool`]: sends each call to an endpoint that can take it |
//! | `member` | one endpoint: whether it takes calls, how slow it is, its breaker |
//! | `status` | [`EndpointStatus`]: how that looks from outside |
//!
//! Which endpoint a call goes to, and whether one that failed gets any, is decided by the machines of
//! `seam_core::policy`. What carries the calls is anything that is a `Remote`.

mod member;
mod pool;
mod status;

pub use self::member::Endpoint;
pub use self::pool::{MOST, Pool};
pub use self::status::{EndpointState, EndpointStatus};
