//! A certificate and its key: read, and checked against each other.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use seam_tls::provider;
use tokio_rustls::rustls::Error;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::sign::CertifiedKey;

use super::Paths;

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
            let unreadable = |error| EdgeTlsError::Unreadable { path: path.to_owned(), error };
            seam_tls::read(path).map_err(unreadable)
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
        let chain = seam_tls::certificates(&files.cert).map_err(no_certificate)?;
        let ends = seam_tls::ends(&chain[0]).map_err(no_certificate)?.at;
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
