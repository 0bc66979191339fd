//! Requests to a collector.

use std::time::Duration;

use ureq::Agent;

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
        let config = Agent::config_builder().max_idle_connections(1);
        let agent = seam_tls::agent(config, endpoint.is_tls());
        Self { agent, url: endpoint.below(path), headers }
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
