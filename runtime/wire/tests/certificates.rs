//! Units that prove to each other who they are, and those who can't.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

mod support;

use std::convert::Infallible;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType,
};
use seam_core::remote::Form;
use seam_wire::{
    Address, CallHead, CallId, CertificateError, Extensions, Hello, LinkConfig, LinkState, Origin,
    Server, ServerConfig, Tls, Trace, spiffe_id,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tracing::subscriber::DefaultGuard;

use self::support::{
    Caller1, ECHO, Worker, contract, eventually, identity, serve_with, text, within,
};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

// === Certificates ===

/// An authority.
struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Ca {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate with that URI, if it has one, and its key.
    fn issue(&self, uri: Option<&str>, until: SystemTime) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        let uri = uri.map(|uri| SanType::URI(uri.try_into().unwrap()));
        params.subject_alt_names = uri.into_iter().collect();
        params.not_before = (SystemTime::now() - 9 * DAY).into();
        params.not_after = until.into();
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    /// A good one of a unit.
    fn issue_to(&self, unit: &str) -> (String, String) {
        self.issue(Some(&spiffe_id("shop", unit)), SystemTime::now() + 90 * DAY)
    }

    /// Puts a good one of a unit into a folder, with the CA.
    fn put(&self, folder: &Path, unit: &str) {
        let (certificate, key) = self.issue_to(unit);
        write(folder, unit, &self.pem, &certificate, &key);
    }
}

fn write(folder: &Path, unit: &str, ca: &str, certificate: &str, key: &str) {
    fs::write(folder.join("ca.pem"), ca).unwrap();
    fs::write(folder.join(format!("{unit}.pem")), certificate).unwrap();
    fs::write(folder.join(format!("{unit}.key")), key).unwrap();
}

/// A folder with the certificates of `front` and `pay`.
struct Folder {
    ca: Ca,
    folder: TempDir,
}

impl Folder {
    fn new() -> Self {
        let (ca, folder) = (Ca::new("shop"), tempfile::tempdir().unwrap());
        ca.put(folder.path(), "front");
        ca.put(folder.path(), "pay");
        Self { ca, folder }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn open(&self, unit: &str) -> Tls {
        Tls::open(self.path(), "shop", unit).unwrap()
    }
}

// === Units ===

/// The unit `pay`, with certificates.
async fn serve(tls: &Tls, worker: &Arc<Worker>) -> Server {
    let transport = Arc::new(tls.clone());
    let config = ServerConfig { transport, ..ServerConfig::new(identity("pay")) };
    serve_with(config, "127.0.0.1:0", worker).await
}

/// The unit `front`, which dials `pay`.
fn dial(tls: &Tls, address: &Address) -> Caller1 {
    let transport = Arc::new(tls.to("pay"));
    let unit = Some("pay".to_owned());
    let config = LinkConfig { transport, unit, ..LinkConfig::new(identity("front")) };
    Caller1::open_with(config, address)
}

/// What was logged as a warning, on this thread.
struct Log(Arc<Mutex<Vec<u8>>>, #[expect(dead_code, reason = "for its end")] DefaultGuard);

#[derive(Clone)]
struct Into(Arc<Mutex<Vec<u8>>>);

impl io::Write for Into {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn keep() -> Self {
        let kept = Arc::<Mutex<Vec<u8>>>::default();
        let into = Into(Arc::clone(&kept));
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::WARN)
            .with_ansi(false)
            .with_writer(move || into.clone())
            .finish();
        Self(kept, tracing::subscriber::set_default(subscriber))
    }

    fn has(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.0.lock()).contains(text)
    }
}

// === Strangers ===

/// Believes whatever is shown.
#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider().signature_verification_algorithms.supported_schemes()
    }
}

/// Dials with a certificate that nobody has checked, or with none.
async fn intrude(
    address: &Address,
    shown: Option<&(String, String)>,
) -> io::Result<TlsStream<TcpStream>> {
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous));
    let config = match shown {
        None => config.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
            config.with_client_auth_cert(chain, key).unwrap()
        }
    };
    let stream = TcpStream::connect(address.to_string()).await?;
    let name = ServerName::try_from("pay").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

/// A hello of that unit, and a call.
fn words(unit: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let hello = Hello { app: "shop".to_owned(), unit: unit.to_owned(), ..Hello::default() };
    hello.encode(&mut bytes).unwrap();
    let head = CallHead {
        id: CallId(1),
        service: 0,
        method: ECHO as u16,
        micros: 5_000_000,
        trace: Trace::default(),
        no_retry: false,
        form: Form::Encoded,
        origin: Origin::PROGRAM,
        extensions: Extensions::NONE,
    };
    head.encode(&mut bytes, 1 << 20, |_| Ok::<(), Infallible>(())).unwrap();
    bytes
}

/// Says that, and listens until the unit hangs up.
async fn say(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, unit: &str) {
    // The unit may have hung up already.
    let _ = stream.write_all(&words(unit)).await;
    let _ = stream.flush().await;
    let _ = within(stream.read_to_end(&mut Vec::new())).await;
}

// === Tests ===

#[tokio::test]
async fn units_with_certificates_of_one_ca_call_each_other() {
    let folder = Folder::new();
    let worker = Worker::new(contract());
    let server = serve(&folder.open("pay"), &worker).await;
    let caller = dial(&folder.open("front"), server.address());
    within(caller.link.connected()).await;
    assert_eq!(text(within(caller.call(ECHO, "hello")).await), "Answer hello");
    // More than a record, and more than TLS keeps for a socket that is full.
    let long = "x".repeat(1 << 20);
    assert_eq!(text(within(caller.call(ECHO, &long)).await), format!("Answer {long}"));
}

#[tokio::test]
async fn five_wrong_ways_in_are_refused_and_told() {
    let log = Log::keep();
    let folder = Folder::new();
    let worker = Worker::new(contract());
    let server = serve(&folder.open("pay"), &worker).await;
    let address = server.address();
    let front = spiffe_id("shop", "front");

    let other = Ca::new("another").issue_to("front");
    let expired = folder.ca.issue(Some(&front), SystemTime::now() - DAY);
    let nobody = folder.ca.issue(None, SystemTime::now() + DAY);
    let elsewhere = folder.ca.issue(Some("spiffe://bank/unit/front"), SystemTime::now() + DAY);
    for (shown, reason) in [
        (Some(&other), "its certificate is of another CA"),
        (Some(&expired), "its certificate has expired"),
        (None, "it shows no certificate"),
        (Some(&nobody), "its certificate names no unit of this app: it has no URI"),
        (Some(&elsewhere), "its certificate names no unit of this app: spiffe://bank/unit/front"),
    ] {
        // Who dials is done before the other side has looked, and says all it has to say.
        say(intrude(address, shown).await.unwrap(), "front").await;
        eventually(reason, || log.has(reason)).await;
    }

    say(TcpStream::connect(address.to_string()).await.unwrap(), "front").await;
    let reason = "it speaks plaintext: a certificate";
    eventually(reason, || log.has(reason)).await;

    let good = folder.ca.issue_to("front");
    say(intrude(address, Some(&good)).await.unwrap(), "order").await;
    let reason = "it says that it is unit `order`, and its certificate is of unit `front`";
    eventually(reason, || log.has(reason)).await;

    assert!(worker.seen.lock().is_empty(), "a stranger was served");
    let caller = dial(&folder.open("front"), address);
    within(caller.link.connected()).await;
    assert_eq!(text(within(caller.call(ECHO, "on")).await), "Answer on");
}

#[tokio::test]
async fn who_is_dialled_must_be_who_was_meant() {
    let folder = Folder::new();
    let front = folder.open("front");
    let worker = Worker::new(contract());
    let down = async |caller: &Caller1, reason: &str| {
        let mut state = caller.link.state();
        let told = |state: &LinkState| matches!(state, LinkState::Down { reason: why } if why.contains(reason));
        let _state = within(state.wait_for(told)).await.unwrap();
    };

    // Another unit of the app.
    folder.ca.put(folder.path(), "quote");
    let server = serve(&folder.open("quote"), &worker).await;
    let caller = dial(&front, server.address());
    down(&caller, "its certificate is of unit `quote`, and unit `pay` was dialled").await;

    // Somebody with a CA of their own.
    let others = Folder::new();
    let server = serve(&others.open("pay"), &worker).await;
    let caller = dial(&front, server.address());
    down(&caller, "its certificate is of another CA").await;

    // Somebody without TLS. It waits for a hello, and takes the handshake for none.
    let server = serve_with(ServerConfig::new(identity("pay")), "127.0.0.1:0", &worker).await;
    let caller = dial(&front, server.address());
    down(&caller, "").await;

    // Plaintext, and still another unit.
    let unit = Some("quote".to_owned());
    let config = LinkConfig { unit, ..LinkConfig::new(identity("front")) };
    let caller = Caller1::open_with(config, server.address());
    down(&caller, "unit `pay` answers where unit `quote` was dialled").await;
    assert!(worker.seen.lock().is_empty());
}

#[tokio::test]
async fn who_says_nothing_holds_up_nobody() {
    let folder = Folder::new();
    let worker = Worker::new(contract());
    let server = serve(&folder.open("pay"), &worker).await;
    let mut silent = Vec::new();
    for _ in 0..70 {
        silent.push(TcpStream::connect(server.address().to_string()).await.unwrap());
    }
    let caller = dial(&folder.open("front"), server.address());
    within(caller.link.connected()).await;
    assert_eq!(text(within(caller.call(ECHO, "hello")).await), "Answer hello");
}

#[tokio::test]
async fn a_hundred_rotations_cost_no_call() {
    const ROTATIONS: usize = 100;
    let folder = Folder::new();
    let (front, pay) = (folder.open("front"), folder.open("pay"));
    let worker = Worker::new(contract());
    let server = serve(&pay, &worker).await;
    let old = dial(&front, server.address());
    within(old.link.connected()).await;
    let shown = async || {
        let stream = intrude(server.address(), Some(&folder.ca.issue_to("front"))).await.unwrap();
        stream.get_ref().1.peer_certificates().unwrap()[0].clone().into_owned()
    };
    let mut last = shown().await;
    for n in 0..ROTATIONS {
        folder.ca.put(folder.path(), "front");
        folder.ca.put(folder.path(), "pay");
        front.look();
        pay.look();
        let new = dial(&front, server.address());
        within(new.link.connected()).await;
        for caller in [&old, &new] {
            assert_eq!(text(within(caller.call(ECHO, n.to_string())).await), format!("Answer {n}"));
        }
        let now = shown().await;
        assert_ne!(std::mem::replace(&mut last, now.clone()), now, "rotation {n}");
    }
    assert_eq!(worker.seen.lock().len(), 2 * ROTATIONS);
}

#[tokio::test]
async fn files_that_can_not_be_used_leave_the_former_in_force() {
    let log = Log::keep();
    let folder = Folder::new();
    let (front, pay) = (folder.open("front"), folder.open("pay"));
    let worker = Worker::new(contract());
    let server = serve(&pay, &worker).await;
    let path = folder.path().join("pay.pem");
    let (certificate, key) = folder.ca.issue_to("pay");
    let half = &certificate[..certificate.len() / 2];
    let stranger = Ca::new("another").issue_to("pay");
    for (text, reason) in [
        (half, "pay.pem is no certificate in PEM"),
        ("", "pay.pem is no certificate in PEM"),
        (&certificate, "pay.key isn't the key of the certificate"),
        (&stranger.0, "isn't of the CA"),
    ] {
        fs::write(&path, text).unwrap();
        pay.look();
        assert!(log.has(reason), "{reason}");
        let caller = dial(&front, server.address());
        within(caller.link.connected()).await;
    }
    fs::remove_file(&path).unwrap();
    pay.look();
    assert!(log.has("pay.pem can't be read"));
    // Once they fit again, they are in use.
    write(folder.path(), "pay", &folder.ca.pem, &certificate, &key);
    pay.look();
    let stream = intrude(server.address(), Some(&folder.ca.issue_to("front"))).await.unwrap();
    let new = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
    assert_eq!(stream.get_ref().1.peer_certificates().unwrap()[0], new);
}

#[tokio::test]
async fn the_files_are_looked_at_and_an_end_that_is_near_is_told() {
    let log = Log::keep();
    let folder = Folder::new();
    let pay = folder.open("pay");
    pay.look();
    assert!(!log.has("ends soon"));
    let soon = SystemTime::now() + 13 * DAY;
    let (certificate, key) = folder.ca.issue(Some(&spiffe_id("shop", "pay")), soon);
    write(folder.path(), "pay", &folder.ca.pem, &certificate, &key);
    pay.look();
    assert!(log.has("its certificate ends soon") && log.has("days=12"));
    let front = folder.open("front");
    front.watch(&tokio::runtime::Handle::current());
    let (certificate, key) = folder.ca.issue(Some(&spiffe_id("shop", "front")), soon);
    write(folder.path(), "front", &folder.ca.pem, &certificate, &key);
    eventually("a look", || front.ends() <= soon).await;
}

#[test]
fn what_is_wrong_with_a_certificate_is_named() {
    let folder = Folder::new();
    let dir = folder.path();
    let open = |unit| Tls::open(dir, "shop", unit).unwrap_err();
    let CertificateError::Unreadable { path, .. } = open("order") else { panic!() };
    assert!(path.ends_with("order.pem"));

    let (certificate, _) = folder.ca.issue_to("pay");
    fs::write(dir.join("pay.pem"), certificate).unwrap();
    assert!(matches!(open("pay"), CertificateError::OtherKey { .. }));

    let put = |ca: &Ca, uri: Option<&str>, until| {
        let (certificate, key) = ca.issue(uri, until);
        write(dir, "pay", &folder.ca.pem, &certificate, &key);
    };
    let (pay, later) = (spiffe_id("shop", "pay"), SystemTime::now() + DAY);
    put(&folder.ca, Some(&pay), SystemTime::now() - DAY);
    assert!(matches!(open("pay"), CertificateError::Expired { .. }));
    put(&folder.ca, Some(&spiffe_id("shop", "front")), later);
    let error = open("pay").to_string();
    assert!(error.contains("is of spiffe://shop/unit/front, and not of spiffe://shop/unit/pay"));
    put(&folder.ca, None, later);
    assert!(open("pay").to_string().contains("it has no URI"));
    put(&Ca::new("another"), Some(&pay), later);
    assert!(matches!(open("pay"), CertificateError::OtherCa { .. }));
    put(&folder.ca, Some(&pay), later);
    Tls::open(dir, "shop", "pay").unwrap();
    fs::write(dir.join("ca.pem"), "a letter").unwrap();
    assert!(matches!(open("pay"), CertificateError::Malformed { .. }));
}
