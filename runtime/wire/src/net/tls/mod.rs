//! TLS between units: who is at the other end is proved by a certificate of the app's own CA.
//!
//! A folder holds `ca.pem` and, for each unit, `UNIT.pem` and `UNIT.key`. What a certificate proves is
//! the unit of its URI, `spiffe://APP/unit/UNIT`; names of hosts mean nothing. Both sides show one,
//! and speak TLS 1.3 or nothing. Sessions aren't resumed: each handshake looks at the certificates
//! that are valid then. Unix sockets stay as they are, for the system says who is there.

mod accepting;
mod credentials;
mod name;
mod watch;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use parking_lot::Mutex;
use seam_tls::Seen;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::{CertificateDer, IpAddr, Ipv4Addr, ServerName};

use self::accepting::TlsAccepting;
pub use self::credentials::CertificateError;
use self::credentials::{Credentials, Files};
pub use self::name::spiffe_id;
use super::transport::{Accepting, Opening, Stream, Transport};
use super::{Address, Refusal, Sockets};

/// TCP by TLS with a unit's certificate, and Unix sockets. Clones share the certificate.
///
/// The files may be replaced at any time: see [`Tls::watch`].
#[derive(Clone)]
pub struct Tls {
    shared: Arc<Shared>,
    /// Who is to be at the other end of what is dialled; anyone of the app if nobody is named.
    callee: Option<Arc<str>>,
}

struct Shared {
    app: String,
    unit: String,
    folder: PathBuf,
    /// What new handshakes are made with.
    current: ArcSwap<Credentials>,
    /// What was found in the folder when it was looked at last.
    seen: Mutex<Seen<Files>>,
}

impl Tls {
    /// Reads the certificate of a unit, its key and the app's CA from a folder, and checks that they
    /// fit each other and the unit, and are valid now.
    ///
    /// # Errors
    /// What is missing or wrong.
    pub fn open(folder: &Path, app: &str, unit: &str) -> Result<Self, CertificateError> {
        let files = Files::read(folder, unit)?;
        let credentials = Credentials::new(&files, folder, app, unit)?;
        let shared = Shared {
            app: app.to_owned(),
            unit: unit.to_owned(),
            folder: folder.to_owned(),
            current: ArcSwap::from_pointee(credentials),
            seen: Mutex::new(Seen::new(files)),
        };
        Ok(Self { shared: Arc::new(shared), callee: None })
    }

    /// The same, to dial one unit: another one's certificate is refused.
    #[must_use]
    pub fn to(&self, unit: &str) -> Self {
        Self { shared: Arc::clone(&self.shared), callee: Some(unit.into()) }
    }

    /// When the certificate ends that new handshakes are made with, or its CA, if that is earlier.
    pub fn ends(&self) -> SystemTime {
        self.shared.current.load().ends
    }

    fn current(&self) -> Arc<Credentials> {
        self.shared.current.load_full()
    }

    /// The unit that a peer's certificate proves, which TLS has found to be the CA's.
    fn unit_of(&self, shown: Option<&[CertificateDer<'_>]>) -> Result<String, Refusal> {
        let own = shown.and_then(<[_]>::first).ok_or(Refusal::NoCertificate)?;
        name::unit_of(own, &self.shared.app).map_err(Refusal::NoUnit)
    }

    async fn dial(self, address: Address) -> io::Result<Stream> {
        let stream = Sockets.connect(&address).await?;
        let connector = TlsConnector::from(Arc::clone(&self.current().dials));
        let stream = connector.connect(nobody(), stream).await?;
        let proved = self.unit_of(stream.get_ref().1.peer_certificates());
        let found = proved.map_err(Refusal::into_io)?;
        match &self.callee {
            Some(dialled) if **dialled != *found => {
                let dialled = dialled.to_string();
                Err(Refusal::OtherUnit { found, dialled }.into_io())
            }
            _ => Ok(Box::new(stream) as Stream),
        }
    }
}

/// The name of a server, which TLS wants to have and nobody here looks at.
fn nobody() -> ServerName<'static> {
    ServerName::IpAddress(IpAddr::V4(Ipv4Addr::from([0, 0, 0, 0])))
}

impl Transport for Tls {
    fn connect(&self, address: &Address) -> Opening<Stream> {
        match address {
            Address::Unix(_) => Sockets.connect(address),
            Address::Tcp { .. } => Box::pin(self.clone().dial(address.clone())),
        }
    }

    fn listen(&self, address: &Address) -> Opening<Box<dyn Accepting>> {
        let (tls, opening) = (self.clone(), Sockets.listen(address));
        if let Address::Unix(_) = address {
            return opening;
        }
        Box::pin(async move {
            Ok(Box::new(TlsAccepting::new(opening.await?, tls)) as Box<dyn Accepting>)
        })
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shared { app, unit, .. } = &*self.shared;
        f.debug_tuple("Tls").field(&spiffe_id(app, unit)).finish()
    }
}
