//! Who makes a request: tokens, keys, sessions and signed forms.

mod authenticators;
mod credentials;
mod issuer;
mod jwt;
mod keys;
mod known;
mod origin;
mod session;
mod signing;
#[cfg(test)]
mod tests;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub(crate) use self::authenticators::Sent;
pub use self::authenticators::{AuthSettings, Authenticators};
pub use self::issuer::{Source, SourceError};
pub use self::jwt::{JwtKeys, JwtSettings};
pub use self::keys::{KeySettings, new_key};
pub(crate) use self::known::{Known, Refusal};
pub(crate) use self::origin::Asked;
pub use self::session::SessionSettings;
pub(crate) use self::session::{NewCookie, Session};
pub(crate) use self::signing::Signed;
pub use self::signing::{SigningApp, SigningSettings};

/// The time since 1970, by which tokens, cookies and signatures go.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
