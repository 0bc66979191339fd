//! An answer that may be given again.

use std::sync::Arc;

use bytes::Bytes;
use seam_core::time::Moment;

use crate::coding::Coded;
use crate::http::StatusCode;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::response::{Content, Response};

/// What may be done with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// It may be given again until it is too old.
    Until,
    /// It may be given to those who have asked for it meanwhile, and to nobody later.
    Meanwhile,
    /// It is for who has asked first: a cookie of theirs, or what its service says is nobody else's.
    Never,
}

/// An answer, as it left its service.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) keep: Keep,
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
    coded: Arc<Coded>,
    at: Moment,
    until: Moment,
}

impl Kept {
    /// An answer that is here at `at`, and good until `until` if it may be given again.
    pub(crate) fn new(response: Response, keep: Keep, at: Moment, until: Moment) -> Self {
        let Response { status, headers, content, .. } = response;
        let body = match content {
            Content::Bytes(body) => body,
            // No call is answered with one.
            Content::Stream { .. } => Bytes::new(),
        };
        let coded = Arc::new(Coded::of(body.len()));
        Self { keep, status, headers, body, coded, at, until }
    }

    /// Whether it may still be given.
    pub(super) fn is_good(&self, now: Moment) -> bool {
        now < self.until
    }

    /// About what it takes as it came, in bytes.
    pub(super) fn weight(&self) -> usize {
        let header = |(name, value): &(HeaderName, HeaderValue)| name.as_str().len() + value.len();
        self.body.len() + self.headers.iter().map(header).sum::<usize>()
    }

    /// The answer to who has waited for it.
    pub(crate) fn response(&self) -> Response {
        let mut response = Response::empty(self.status);
        response.headers.extend_from_slice(&self.headers);
        response.content = Content::Bytes(self.body.clone());
        response.coded = Some(Arc::clone(&self.coded));
        response
    }

    /// The answer to who comes later: it says how old it is.
    pub(crate) fn again(&self, now: Moment) -> Response {
        let mut response = self.response();
        response.header(header::AGE, now.since(self.at).as_secs().into());
        response
    }
}
