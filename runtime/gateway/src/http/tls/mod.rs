//! TLS at an edge: a certificate and its key, from two files that may be replaced at any time.

mod pair;
mod watch;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use seam_core::live::Live;
use seam_tls::{Seen, provider};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::server::{ClientHello, ResolvesServerCert};
use tokio_rustls::rustls::sign::CertifiedKey;
use tokio_rustls::rustls::version::{TLS12, TLS13};

pub use self::pair::EdgeTlsError;
use self::pair::{Files, Pair};

/// The names of what is spoken behind a handshake, the better one first.
pub(super) const H2: &[u8] = b"h2";
const HTTP_1: &[u8] = b"http/1.1";

/// A certificate and its key, for an edge that speaks TLS (1.2 or later, by ring) and within it
/// HTTP/2 or HTTP/1.1. Clones share them.
///
/// While an edge serves with it, both files are looked at every second: new handshakes use what lies
/// there, once the two fit each other; connections that stand go on.
#[derive(Clone)]
pub struct EdgeTls(Arc<Shared>);

struct Shared {
    paths: Paths,
    server: Arc<ServerConfig>,
    current: Live<Pair>,
    /// What was found there when the files were looked at last.
    seen: Mutex<Seen<Files>>,
}

/// Where certificate and key lie.
#[derive(Debug, Clone)]
struct Paths {
    cert: PathBuf,
    key: PathBuf,
}

impl EdgeTls {
    /// Reads a certificate, with those between it and its CA behind it, and its key, both in PEM.
    ///
    /// # Errors
    /// What is missing or wrong, and with which file.
    pub fn open(cert: PathBuf, key: PathBuf) -> Result<Self, EdgeTlsError> {
        let paths = Paths { cert, key };
        let files = Files::read(&paths)?;
        let current = Live::new(Pair::new(&files, &paths)?);
        let resolver = Arc::new(Current(current.clone()));
        let server = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .map_err(|error| EdgeTlsError::unusable(&paths, error.to_string()))?;
        let mut server = server.with_no_client_auth().with_cert_resolver(resolver);
        server.alpn_protocols = vec![H2.to_vec(), HTTP_1.to_vec()];
        let seen = Mutex::new(Seen::new(files));
        Ok(Self(Arc::new(Shared { paths, server: Arc::new(server), current, seen })))
    }

    /// What handshakes are made with.
    pub(super) fn server(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.0.server)
    }
}

/// Shows the certificate that is in use.
#[derive(Debug)]
struct Current(Live<Pair>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.load().shown))
    }
}

impl fmt::Debug for EdgeTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EdgeTls").field(&self.0.paths).finish()
    }
}
