//! Requests to a collector.

use std::{sync::Arc, time::Duration};

use rustls::crypto::ring;
use ureq::{
    Agent,
    tls::{Certificate, RootCerts, TlsConfig},
};

use super::{answer::Answer, endpoint::Endpoint, headers::Headers};

/// What of an answer is read: how many were rejected, and why.
const LARGEST: u64 = 64 << 10;

/// Sends to one URL, over a connection that it keeps.
#[derive(Debug)]
pub(super) struct Post {
    agent: Agent,
    url: String,
    headers: Headers,
}

impl Post {
    /// Reads the machine's root certificates if it goes by TLS.
    pub(super) fn new(endpoint: &Endpoint, path: &str, headers: Headers) -> Self {
        Self { agent: agent(endpoint), url: endpoint.below(path), headers }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// Sends a body of protobuf in gzip, and waits for the answer for so long.
    pub(super) fn send(&self, body: &[u8], patience: Duration) -> Answer {
        let mut request = self.agent.post(&self.url);
        for (name, value) in self.headers.map() {
            request = request.header(name, value);
        }
        let request = request
            .header("content-type", "application/x-protobuf")
            .header("content-encoding", "gzip")
            .config()
            .timeout_global(Some(patience))
            .build();
        let mut answer = match request.send(body) {
            Ok(answer) => answer,
            Err(error) => return Answer::Later { why: error.to_string(), after: None },
        };
        let status = answer.status().as_u16();
        let after = answer.headers().get("retry-after").and_then(|after| after.to_str().ok());
        let after = after.map(str::to_owned);
        let body = answer.body_mut().with_config().limit(LARGEST).read_to_vec();
        Answer::new(status, after.as_deref(), &body.unwrap_or_default())
    }
}

fn agent(endpoint: &Endpoint) -> Agent {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        // Where it goes is the config's to say, and so is who sees its headers.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(1);
    if endpoint.is_tls() {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of this machine's root certificates can't be read");
        }
        let roots: Vec<_> =
            found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
            .root_certs(RootCerts::from(roots))
            .build();
        config = config.https_only(true).tls_config(tls);
    } else {
        config = config.proxy(None);
    }
    config.build().new_agent()
}
