//! What such files hold.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, X509Certificate};

/// No file of this kind is longer, in bytes.
const LONGEST: u64 = 1 << 20;

/// Reads a file of certificates or of a key: its first MiB.
///
/// # Errors
/// What the system says.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The certificates in PEM; at least one.
///
/// # Errors
/// Why there are none.
pub fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let read = read.map_err(|error| error.to_string())?;
    if read.is_empty() { Err("it has none".to_owned()) } else { Ok(read) }
}

/// When a certificate ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ends {
    /// The moment.
    pub at: SystemTime,
    /// The same for people.
    pub text: String,
}

/// Reads when a certificate ends.
///
/// # Errors
/// Why it is none.
pub fn ends(certificate: &CertificateDer<'_>) -> Result<Ends, String> {
    let (_, read) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
    let until = read.validity().not_after;
    let seconds = u64::try_from(until.timestamp()).unwrap_or(0);
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    Ok(Ends { at, text: until.to_string() })
}
