//! Articles: written, found, liked.

mod contract;
mod service;
mod shelf;

pub use self::contract::*;
pub use self::service::ArticleService;
