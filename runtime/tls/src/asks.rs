//! Who asks others over HTTP, by the root certificates of this machine.

use tokio_rustls::rustls::crypto::ring;
use ureq::Agent;
use ureq::config::ConfigBuilder;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::typestate::AgentScope;

/// An agent that goes where the config says and nowhere else: it follows no redirects, and whoever answers
/// is held to this machine's root certificates, which are read now, if `tls`. Each status is an answer.
pub fn agent(config: ConfigBuilder<AgentScope>, tls: bool) -> Agent {
    let config =
        config.http_status_as_error(false).max_redirects(0).max_redirects_will_error(false);
    let config = if tls {
        let found = rustls_native_certs::load_native_certs();
        for error in &found.errors {
            tracing::warn!(%error, "some of this machine's root certificates can't be read");
        }
        let roots: Vec<_> =
            found.certs.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(ring::default_provider().into())
            .root_certs(RootCerts::from(roots))
            .build();
        config.https_only(true).tls_config(tls)
    } else {
        config.proxy(None)
    };
    config.build().new_agent()
}
