//! Comments on articles.

mod contract;
mod service;

pub use self::contract::*;
pub use self::service::CommentService;
