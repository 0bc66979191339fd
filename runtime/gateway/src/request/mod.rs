//! A request, as the stages see it.

mod body;
mod forwarded;
mod traced;

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use seam_core::context::{CallContext, SpanId, TraceContext};
use seam_core::record::Recorder;
use seam_core::time::Moment;

pub(crate) use self::body::Body;
pub(crate) use self::forwarded::is_trusted;
use crate::http::{HeaderMap, HeaderName, HeaderValue, Method, Version};

/// A request's head, and what the edge knows of it. Its [`Body`] stands beside it, for it changes
/// while it is read.
#[derive(Debug)]
pub(crate) struct Request {
    head: actix_http::Request,
    /// Who sent it, as far as that is believed.
    peer: Option<IpAddr>,
    /// It came by TLS, here or to a trusted proxy.
    secure: bool,
    /// When it began to be answered.
    pub(crate) began: Moment,
    /// What its calls travel under.
    pub(crate) trace: TraceContext,
    /// What it is a part of; [`SpanId::NONE`] if it begins its trace.
    pub(crate) parent: SpanId,
}

impl Request {
    /// `tls` says whether it came by TLS; what those in `trusted` say of a client is believed. Whether it
    /// is recorded `recorder` says, and who has begun its trace.
    pub(crate) fn new(
        head: actix_http::Request,
        began: Moment,
        trusted: &[IpNet],
        tls: bool,
        recorder: &Recorder,
    ) -> Self {
        let above = traced::above(&head.head().headers);
        let sampled = match above {
            Some(above) => above.sampled && recorder.follows(began),
            None => recorder.begins(began),
        };
        let above = above.unwrap_or_else(TraceContext::root);
        let (trace, parent) = (TraceContext { sampled, ..above.child() }, above.span);
        let peer = head.peer_addr().map(|address| address.ip());
        let (peer, secure) = match peer.filter(|_| !trusted.is_empty()) {
            Some(peer) => {
                let (client, secure) = forwarded::client(&head.head().headers, peer, trusted);
                (Some(client), secure)
            }
            None => (peer, false),
        };
        Self { head, peer, secure: tls || secure, began, trace, parent }
    }

    /// What its calls are made in: its trace, and what other tracers say of that.
    pub(crate) fn context(&self) -> CallContext {
        let mut context = CallContext::root();
        context.trace = self.trace;
        if self.parent != SpanId::NONE {
            context.set_tracestate(traced::state(self.headers()));
        }
        context
    }

    pub(crate) fn method(&self) -> &Method {
        self.head.method()
    }

    /// As it was sent.
    pub(crate) fn path(&self) -> &str {
        self.head.path()
    }

    /// As it was sent; empty if there is none.
    pub(crate) fn query(&self) -> &str {
        self.head.uri().query().unwrap_or_default()
    }

    /// The host that the target names, if it is a whole URI.
    pub(crate) fn authority(&self) -> Option<&str> {
        self.head.uri().authority().map(|authority| authority.as_str())
    }

    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.head().headers
    }

    /// The first value of a header.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers().get(name)
    }

    /// Whether it came by HTTP/2.
    pub(crate) fn is_h2(&self) -> bool {
        self.head.version() == Version::HTTP_2
    }

    /// The same for actix's `App`, with the body, of which it reads at most `limit` bytes. HEAD is
    /// GET there: the connection leaves out the content.
    pub(crate) fn forwarded(&self, body: &mut Body, limit: usize) -> actix_http::Request {
        let mut forwarded = actix_http::Request::with_payload(body.lend(limit));
        let (ours, head) = (self.head.head(), forwarded.head_mut());
        head.method = match &ours.method {
            &Method::HEAD => Method::GET,
            other => other.clone(),
        };
        head.uri = ours.uri.clone();
        head.version = ours.version;
        head.headers = ours.headers.clone();
        let port = ours.peer_addr.map_or(0, |address| address.port());
        head.peer_addr = self.peer.map(|client| SocketAddr::new(client, port));
        forwarded
    }

    /// Who sent it: the client, where a trusted proxy says who that is.
    pub(crate) const fn peer(&self) -> Option<IpAddr> {
        self.peer
    }

    /// Whether it came by TLS, here or to a trusted proxy.
    pub(crate) const fn is_secure(&self) -> bool {
        self.secure
    }
}
