//! Profiles: users as others see them, and who follows whom.

mod contract;
mod service;

pub use self::contract::*;
pub use self::service::ProfileService;
