//! A certificate and its key: read, and checked against each other.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::Paths;

/// No file of this kind is longer.
const LONGEST: u64 = 1 << 20;

/// Why an edge's certificate can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EdgeTlsError {
    /// A file isn't there, or can't be read.
    #[error("{} can't be read: {error}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A file doesn't hold what it should.
    #[error("{} is no {what} in PEM: {why}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        what: &'static str,
        /// What it holds in its place.
        why: String,
    },
    /// Key and certificate aren't of one pair.
    #[error("{} isn't the key of the certificate in {}", .key.display(), .cert.display())]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        cert: PathBuf,
    },
    /// Something else is wrong with the certificate.
    #[error("the certificate in {} can't be used: {why}", .path.display())]
    Unusable {
        /// Its file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

impl EdgeTlsError {
    pub(super) fn unusable(paths: &Paths, why: String) -> Self {
        Self::Unusable { path: paths.cert.clone(), why }
    }
}

/// What the files hold.
#[derive(PartialEq, Eq)]
pub(super) struct Files {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Files {
    pub(super) fn read(paths: &Paths) -> Result<Self, EdgeTlsError> {
        let read = |path: &Path| {
            let mut bytes = Vec::new();
            let read = File::open(path).and_then(|f| f.take(LONGEST).read_to_end(&mut bytes));
            let path = || path.to_owned();
            read.map_err(|error| EdgeTlsError::Unreadable { path: path(), error })?;
            Ok(bytes)
        };
        Ok(Self { cert: read(&paths.cert)?, key: read(&paths.key)? })
    }
}

/// A certificate and its key, which fit each other.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) shown: Arc<CertifiedKey>,
    /// When the certificate ends.
    pub(super) ends: SystemTime,
}

impl Pair {
    pub(super) fn new(files: &Files, paths: &Paths) -> Result<Self, EdgeTlsError> {
        let malformed = |path: &Path, what, why: String| EdgeTlsError::Malformed {
            path: path.to_owned(),
            what,
            why,
        };
        let no_certificate = |why| malformed(&paths.cert, "certificate", why);
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&files.cert).collect();
        let chain = chain.map_err(|error| no_certificate(error.to_string()))?;
        let first = chain.first().ok_or_else(|| no_certificate("it has none".into()))?;
        let ends = ends(first).map_err(no_certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&files.key)
            .map_err(|error| malformed(&paths.key, "key", error.to_string()))?;
        let pair =
            CertifiedKey::from_der(chain, key, &provider()).map_err(|error| match error {
                Error::InconsistentKeys(_) => {
                    EdgeTlsError::OtherKey { key: paths.key.clone(), cert: paths.cert.clone() }
                }
                error => EdgeTlsError::unusable(paths, error.to_string()),
            })?;
        Ok(Self { shown: Arc::new(pair), ends })
    }
}

/// When a certificate ends.
fn ends(certificate: &CertificateDer<'_>) -> Result<SystemTime, String> {
    let (_, read) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let seconds = u64::try_from(read.validity().not_after.timestamp()).unwrap_or(0);
    Ok(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(ring::default_provider())))
}
