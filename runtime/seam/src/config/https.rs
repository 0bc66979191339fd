//! `[edge.tls]`: the certificate with which edges serve by TLS.

use std::path::PathBuf;

use seam_gateway::{EdgeTls, EdgeTlsError};

use super::{Address, Origin, Problem, reader::Reader, tree::Table};

/// `[edge.tls]`: what edges show to clients that come by `https`.
///
/// ```toml
/// [edge.tls]
/// cert = "tls/cert.pem"
/// key = "tls/key.pem"
/// redirect = false
/// ```
#[derive(Clone, Debug)]
pub struct EdgeTlsConfig {
    /// `cert`: the file with the certificate in PEM, and behind it those between it and its CA; relative
    /// to the working directory. It and the key are looked at every second: a new pair is used once
    /// the two fit each other. Without default.
    pub cert: PathBuf,
    /// `key`: the file with its key, in PEM. Without default.
    pub key: PathBuf,
    /// `redirect`: whether requests at `http` are sent to `https` by 308, but for `/healthz` and
    /// `/readyz`. Default: `false`.
    pub redirect: bool,
    /// Where it was written.
    pub origin: Origin,
}

impl EdgeTlsConfig {
    /// Reads the table, if it is there.
    pub(super) fn read(edge: &mut Reader<'_>, root: &Table) -> Option<Self> {
        let there = edge.has("tls");
        let mut reader = edge.table("tls");
        let read = there.then(|| Self {
            cert: reader.value("cert", PathBuf::new()),
            key: reader.value("key", PathBuf::new()),
            redirect: reader.value("redirect", false),
            origin: root.origin(&["edge", "tls"]),
        });
        reader.finish();
        read
    }

    /// Reads the certificate and its key.
    ///
    /// # Errors
    /// What is missing or wrong, with which file, and what to do.
    pub(crate) fn open(&self) -> Result<EdgeTls, Problem> {
        EdgeTls::open(self.cert.clone(), self.key.clone()).map_err(|error| {
            let fix = match error {
                EdgeTlsError::OtherKey { .. } => {
                    "put the key there that the certificate was made for"
                }
                _ => "put both there, in PEM, or say in [edge.tls] where they are",
            };
            Problem::new(&self.origin, error.to_string(), fix)
        })
    }
}

/// Edges serve at addresses of TCP.
pub(super) fn check_address(key: &str, address: &Option<Address>) -> Result<(), (String, String)> {
    match address {
        Some(Address::Unix(_)) => Err((
            format!("`{key}` is a Unix socket, and the edge serves none"),
            "use HOST:PORT, e.g. \"127.0.0.1:8080\"".into(),
        )),
        _ => Ok(()),
    }
}
