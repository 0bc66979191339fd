//! Every way to speak HTTP to an edge: 1.1 and 2, as they are and by TLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use seam_gateway::{Edge, EdgeListener, EdgeListeners, EdgeSettings, EdgeTls, Own};
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::{Answer, Ready, shelf};

/// A certificate and its key in a folder, which may be replaced.
pub(crate) struct Certificate {
    folder: TempDir,
}

impl Certificate {
    pub(crate) fn new() -> Self {
        let certificate = Self { folder: tempfile::tempdir().unwrap() };
        let (cert, key) = Self::pair();
        certificate.put(Some(&cert), Some(&key));
        certificate
    }

    /// Another one, and its key.
    pub(crate) fn pair() -> (String, String) {
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        (cert.pem(), signing_key.serialize_pem())
    }

    pub(crate) fn put(&self, cert: Option<&str>, key: Option<&str>) {
        for (name, text) in [("cert.pem", cert), ("key.pem", key)] {
            if let Some(text) = text {
                std::fs::write(self.folder.path().join(name), text).unwrap();
            }
        }
    }

    pub(crate) fn open(&self) -> Result<EdgeTls, seam_gateway::EdgeTlsError> {
        let path = |name| self.folder.path().join(name);
        EdgeTls::open(path("cert.pem"), path("key.pem"))
    }

    /// What a client believes that wants this one.
    pub(crate) fn connector(
        &self,
        alpn: &[&[u8]],
        versions: &[&'static SupportedProtocolVersion],
    ) -> TlsConnector {
        let text = std::fs::read(self.folder.path().join("cert.pem")).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(&text).unwrap()).unwrap();
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        // Each handshake looks at the certificate that is there then.
        config.resumption = Resumption::disabled();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        Arc::new(config).into()
    }
}

/// An edge before a shelf, with and without TLS.
pub(crate) fn secured(settings: EdgeSettings, tls: EdgeTls) -> Edge {
    let bind = || EdgeListener::bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listeners = EdgeListeners { http: Some(bind()), https: Some((bind(), tls)) };
    Edge::bind_on(listeners, settings, vec![shelf()], Arc::new(Ready), Own::default()).unwrap()
}

pub(crate) async fn tls_to(
    address: SocketAddr,
    connector: &TlsConnector,
) -> std::io::Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(address).await?;
    connector.connect(ServerName::try_from("localhost").unwrap(), tcp).await
}

/// Who speaks HTTP/2.
pub(crate) struct H2Client {
    pub(crate) send: SendRequest<Bytes>,
    over: JoinHandle<Result<(), h2::Error>>,
}

impl H2Client {
    /// Without TLS, knowing beforehand.
    pub(crate) async fn to(address: SocketAddr) -> Self {
        let io = TcpStream::connect(address).await.unwrap();
        io.set_nodelay(true).unwrap();
        Self::with(io, Builder::new()).await
    }

    pub(crate) async fn with(
        io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        builder: Builder,
    ) -> Self {
        let (send, connection) = builder.handshake(io).await.unwrap();
        Self { send: send.ready().await.unwrap(), over: tokio::spawn(connection) }
    }

    /// The answer to a request; an error if there is none.
    pub(crate) async fn ask(
        &self,
        request: http::Request<()>,
        body: &str,
    ) -> Result<Answer, h2::Error> {
        let mut send = self.send.clone().ready().await?;
        let (response, mut stream) = send.send_request(request, body.is_empty())?;
        if !body.is_empty() {
            // It may be refused before it is sent.
            let _ = stream.send_data(body.to_owned().into(), true);
        }
        let (head, mut body) = response.await?.into_parts();
        let mut read = Vec::new();
        while let Some(piece) = body.data().await {
            let piece = piece?;
            body.flow_control().release_capacity(piece.len()).unwrap();
            read.extend_from_slice(&piece);
        }
        let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
        let headers = head.headers.iter().map(|(name, value)| (name.to_string(), text(value)));
        let (headers, bytes) = (headers.collect(), read);
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Answer { status: head.status.as_u16(), headers, body, bytes })
    }

    pub(crate) fn is_over(&self) -> bool {
        self.over.is_finished()
    }

    /// How the connection has ended, now or soon.
    pub(crate) async fn over(self) -> Result<(), h2::Error> {
        let Self { send, over } = self;
        let over = tokio::time::timeout(Duration::from_secs(20), over).await;
        drop(send);
        over.expect("an end in time").unwrap()
    }
}

/// A request for the host `test`.
pub(crate) fn to_test(head: &str) -> http::Request<()> {
    let mut lines = head.lines();
    let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
    let mut request = http::Request::builder().method(method).uri(format!("http://test{path}"));
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

pub(crate) const ALL: &[&SupportedProtocolVersion] = &[&version::TLS12, &version::TLS13];
