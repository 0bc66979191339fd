//! Certificates in files that may be replaced at any time: what units and edges have in common of them.
//!
//! Beside them, who asks others over HTTP by the certificates of this machine. It depends on nothing of
//! seam's. What a certificate has to prove is its user's business.

mod asks;
mod pem;
mod watch;

use std::sync::{Arc, OnceLock};

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};

pub use self::asks::agent;
pub use self::pem::{Ends, certificates, ends, read};
pub use self::watch::{Look, Looked, Seen, watch};

/// The cryptography of all of it.
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}
