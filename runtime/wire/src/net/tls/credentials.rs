//! A unit's certificate, its key and the app's CA: read, checked, and made ready for handshakes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use seam_tls::{Ends, provider};
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::client::{Resumption, verify_server_cert_signed_by_trust_anchor};
use tokio_rustls::rustls::crypto::verify_tls13_signature;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use tokio_rustls::rustls::version::TLS13;
use tokio_rustls::rustls::{
    ClientConfig, DigitallySignedStruct, Error, RootCertStore, ServerConfig, SignatureScheme,
};

use super::name::{spiffe_id, unit_of};
use crate::net::Refusal;

/// Why a unit's certificate can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
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
    #[error("{} isn't the key of the certificate in {}", .key.display(), .certificate.display())]
    OtherKey {
        /// The key's file.
        key: PathBuf,
        /// The certificate's file.
        certificate: PathBuf,
    },
    /// The time of a certificate is over.
    #[error("the certificate in {} has expired: it was valid until {until}", .path.display())]
    Expired {
        /// Its file.
        path: PathBuf,
        /// When it ended, for people.
        until: String,
    },
    /// The certificate is somebody else's.
    #[error("the certificate in {} is of {found}, and not of {wanted}", .path.display())]
    OtherName {
        /// Its file.
        path: PathBuf,
        /// Whose it is.
        found: String,
        /// Whose it should be.
        wanted: String,
    },
    /// The certificate isn't the CA's.
    #[error("the certificate in {} isn't of the CA in {}", .path.display(), .ca.display())]
    OtherCa {
        /// Its file.
        path: PathBuf,
        /// The CA's file.
        ca: PathBuf,
    },
    /// Something else is wrong with it.
    #[error("the certificate in {} can't be used: {why}", .path.display())]
    Unusable {
        /// Its file.
        path: PathBuf,
        /// Why not.
        why: String,
    },
}

/// What the files hold.
#[derive(PartialEq, Eq)]
pub(super) struct Files {
    ca: Vec<u8>,
    chain: Vec<u8>,
    key: Vec<u8>,
}

/// Where they lie.
struct Paths {
    ca: PathBuf,
    chain: PathBuf,
    key: PathBuf,
}

impl Paths {
    fn of(folder: &Path, unit: &str) -> Self {
        let path = |name: String| folder.join(name);
        let (ca, chain) = (path("ca.pem".into()), path(format!("{unit}.pem")));
        Self { ca, chain, key: path(format!("{unit}.key")) }
    }
}

impl Files {
    pub(super) fn read(folder: &Path, unit: &str) -> Result<Self, CertificateError> {
        let paths = Paths::of(folder, unit);
        let read = |path: &Path| {
            let unreadable = |error| CertificateError::Unreadable { path: path.to_owned(), error };
            seam_tls::read(path).map_err(unreadable)
        };
        Ok(Self { ca: read(&paths.ca)?, chain: read(&paths.chain)?, key: read(&paths.key)? })
    }
}

/// What handshakes are made with.
pub(super) struct Credentials {
    pub(super) accepts: Arc<ServerConfig>,
    pub(super) dials: Arc<ClientConfig>,
    /// When they end.
    pub(super) ends: SystemTime,
}

impl Credentials {
    pub(super) fn new(
        files: &Files,
        folder: &Path,
        app: &str,
        unit: &str,
    ) -> Result<Self, CertificateError> {
        let paths = Paths::of(folder, unit);
        let chain = certificates(&files.chain, &paths.chain)?;
        let cas = certificates(&files.ca, &paths.ca)?;
        let key = PrivateKeyDer::from_pem_slice(&files.key).map_err(|error| {
            let (path, why) = (paths.key.clone(), error.to_string());
            CertificateError::Malformed { path, what: "key", why }
        })?;
        let ends = ends(&chain[0], &paths.chain)?.min(last_end(&cas, &paths.ca)?);
        let wanted = || spiffe_id(app, unit);
        let other = |found| CertificateError::OtherName {
            path: paths.chain.clone(),
            found,
            wanted: wanted(),
        };
        match unit_of(&chain[0], app) {
            Ok(found) if found == unit => {}
            Ok(found) => return Err(other(spiffe_id(app, &found))),
            Err(found) => return Err(other(found)),
        }
        let unusable = |error: Error| paths.unusable(&error);
        let mut roots = RootCertStore::empty();
        for ca in cas {
            roots.add(ca).map_err(|error| CertificateError::Unusable {
                path: paths.ca.clone(),
                why: error.to_string(),
            })?;
        }
        let roots = Arc::new(roots);
        let verifier = OfTheApp { roots: Arc::clone(&roots) };
        verifier.check(&chain[0], &chain[1..], UnixTime::now()).map_err(unusable)?;

        let mut dials = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(unusable)?
            .dangerous() // as far as rustls is concerned: see `OfTheApp`
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_auth_cert(chain.clone(), key.clone_key())
            .map_err(unusable)?;
        dials.resumption = Resumption::disabled();
        dials.enable_sni = false;
        let callers = WebPkiClientVerifier::builder_with_provider(roots, provider())
            .build()
            .map_err(|error| unusable(Error::General(error.to_string())))?;
        let mut accepts = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&TLS13])
            .map_err(unusable)?
            .with_client_cert_verifier(callers)
            .with_single_cert(chain, key)
            .map_err(unusable)?;
        accepts.send_tls13_tickets = 0;
        Ok(Self { accepts: Arc::new(accepts), dials: Arc::new(dials), ends })
    }
}

impl Paths {
    fn unusable(&self, error: &Error) -> CertificateError {
        let path = self.chain.clone();
        match error {
            Error::InconsistentKeys(_) => {
                CertificateError::OtherKey { key: self.key.clone(), certificate: path }
            }
            error => match Refusal::of_tls(error) {
                Some(Refusal::OtherCa) => CertificateError::OtherCa { path, ca: self.ca.clone() },
                _ => CertificateError::Unusable { path, why: error.to_string() },
            },
        }
    }
}

fn no_certificate(path: &Path, why: String) -> CertificateError {
    CertificateError::Malformed { path: path.to_owned(), what: "certificate", why }
}

/// The certificates of a file; at least one.
fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    seam_tls::certificates(pem).map_err(|why| no_certificate(path, why))
}

/// When a certificate ends, which isn't over yet.
fn ends(certificate: &CertificateDer<'_>, path: &Path) -> Result<SystemTime, CertificateError> {
    let Ends { at, text } = seam_tls::ends(certificate).map_err(|why| no_certificate(path, why))?;
    if at < SystemTime::now() {
        return Err(CertificateError::Expired { path: path.to_owned(), until: text });
    }
    Ok(at)
}

/// When the last of an app's CAs ends: one may take the other's place.
fn last_end(cas: &[CertificateDer<'_>], path: &Path) -> Result<SystemTime, CertificateError> {
    let mut last = ends(&cas[0], path);
    for ca in &cas[1..] {
        last = match (last, ends(ca, path)) {
            (Ok(one), Ok(other)) => Ok(one.max(other)),
            (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
            (expired, Err(_)) => expired,
        };
    }
    last
}

/// Takes who shows a certificate of the app's CA, whatever host that is on: which unit it is, is looked
/// at once the handshake is done.
#[derive(Debug)]
struct OfTheApp {
    roots: Arc<RootCertStore>,
}

impl OfTheApp {
    fn check(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let own = ParsedCertificate::try_from(own)?;
        let known = provider().signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&own, &self.roots, between, now, known)
    }
}

impl ServerCertVerifier for OfTheApp {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(own, between, now).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("TLS 1.2 isn't spoken".into()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, own, signed, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}
