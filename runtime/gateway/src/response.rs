//! What goes back to a client.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, stream};
use seam_core::context::TraceId;

use crate::coding::Coded;
use crate::http::StatusCode;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::problem::{Instead, Problem};
use crate::shape::Shape;
use crate::tag::Tag;

/// An answer, of whatever kind.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) content: Content,
    /// What the content is known by, where that isn't all of its bytes.
    pub(crate) tag: Option<Tag>,
    /// What is kept of its content in codings, if it is kept.
    pub(crate) coded: Option<Arc<Coded>>,
    /// The connection is closed after it.
    pub(crate) close: bool,
    /// The code of the problem that it is, for the log; empty if it is none.
    pub(crate) code: Cow<'static, str>,
}

/// What a response holds.
pub(crate) enum Content {
    /// All of it.
    Bytes(Bytes),
    /// What comes bit by bit, asked for as fast as the client reads. It is dropped when the client
    /// goes away; an error ends the connection, for the head is out by then.
    Stream {
        /// In bytes, if it is known before; else the content is sent in chunks.
        length: Option<u64>,
        /// The pieces.
        chunks: Chunks,
    },
}

/// The pieces of a stream.
pub(crate) type Chunks = Pin<Box<dyn Stream<Item = Result<Bytes, io::Error>>>>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The instance that has served a call.
const INSTANCE: HeaderName = HeaderName::from_static("x-seam-instance");
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
/// What an error says of a call, however it is shaped.
const OUTCOME: HeaderName = HeaderName::from_static("x-seam-outcome");

impl Response {
    /// An answer that is JSON.
    pub(crate) fn json(status: StatusCode, body: impl Into<Bytes>) -> Self {
        let mut response = Self::new(status, Content::Bytes(body.into()));
        response.header(header::CONTENT_TYPE, JSON);
        response
    }

    /// An answer of another media type.
    pub(crate) fn of_type(media_type: HeaderValue, body: impl Into<Bytes>) -> Self {
        let mut response = Self::new(StatusCode::OK, Content::Bytes(body.into()));
        response.header(header::CONTENT_TYPE, media_type);
        response
    }

    /// An answer without content.
    pub(crate) fn empty(status: StatusCode) -> Self {
        Self::new(status, Content::Bytes(Bytes::new()))
    }

    fn new(status: StatusCode, content: Content) -> Self {
        let headers = Vec::with_capacity(5);
        Self { status, headers, content, tag: None, coded: None, close: false, code: "".into() }
    }

    pub(crate) fn header(&mut self, name: HeaderName, value: HeaderValue) {
        self.headers.push((name, value));
    }

    /// The first value of a header.
    pub(crate) fn value(&self, name: &HeaderName) -> Option<&HeaderValue> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value)
    }

    /// Says that the answer would be another one if that header of the request were.
    pub(crate) fn varies(&mut self, by: &'static str) {
        let names = |value: &HeaderValue| {
            let mut names = value.as_bytes().split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
            names.any(|name| name == b"*" || name.eq_ignore_ascii_case(by.as_bytes()))
        };
        match self.headers.iter_mut().find(|(name, _)| *name == header::VARY) {
            Some((_, value)) if names(value) => {}
            Some((_, value)) => {
                let both = [value.as_bytes(), b", ", by.as_bytes()].concat();
                if let Ok(both) = HeaderValue::from_bytes(&both) {
                    *value = both;
                }
            }
            None => self.header(header::VARY, HeaderValue::from_static(by)),
        }
    }

    /// What a problem is answered with; `errors` is where its code is explained.
    pub(crate) fn of_problem(
        problem: Problem,
        request: TraceId,
        errors: &str,
        shape: Option<&Shape>,
    ) -> Self {
        if let Some(cause) = &problem.cause {
            tracing::info!(
                service = "edge", code = &*problem.code, %cause, trace_id = %request, "a call failed"
            );
        }
        let mut response = Self::empty(problem.status);
        response.header(OUTCOME, HeaderValue::from_static(problem.outcome.as_str()));
        if let Some(seconds) = problem.retry_after {
            response.header(header::RETRY_AFTER, seconds.into());
        }
        if problem.status == StatusCode::UNAUTHORIZED {
            response.header(header::WWW_AUTHENTICATE, BEARER);
        }
        let instead = problem.instead.as_deref().map(|instead| match instead {
            Instead::Verbs(verbs) => (header::ALLOW, HeaderValue::try_from(verbs)),
            Instead::Types(types) => (header::ACCEPT, HeaderValue::from_str(types)),
            Instead::Bytes(length) => {
                (header::CONTENT_RANGE, HeaderValue::try_from(format!("bytes */{length}")))
            }
        });
        if let Some((name, Ok(value))) = instead {
            response.header(name, value);
        }
        response.close = problem.close;
        response.code = problem.code.clone();
        let (status, kind, body) = problem.content(&request.to_string(), errors, shape);
        response.status = status;
        response.header(header::CONTENT_TYPE, kind);
        response.content = Content::Bytes(body.into());
        response
    }

    /// Names the instance whose answer it is.
    pub(crate) fn served_by(&mut self, instance: &str) {
        // Units' names are values of headers.
        if let Ok(instance) = HeaderValue::from_str(instance) {
            self.header(INSTANCE, instance);
        }
    }

    /// Names the request that it answers.
    pub(crate) fn identify(&mut self, request: TraceId) {
        // An id is hexadecimal, and so a value of a header.
        if let Ok(id) = HeaderValue::from_bytes(&request.hex()) {
            self.header(REQUEST_ID, id);
        }
    }
}

impl Content {
    /// Comes to its end at once, of whatever length it is: for who is told of it and not shown it.
    pub(crate) fn forget(&mut self) {
        if let Self::Stream { chunks, .. } = self {
            *chunks = Box::pin(stream::empty());
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Self::Stream { length, .. } => write!(f, "a stream of {length:?} bytes"),
        }
    }
}
