//! Whether a client has an answer already, by its tag or by its time (RFC 9110, 13).

use super::Here;
use crate::coding::Coding;
use crate::http::StatusCode;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::response::{Content, Response};
use crate::tag::{self, Tag};

/// The tag of an answer in that coding: its own, or its content's; none of a stream that has none.
pub(super) fn tag(response: &Response, coding: Option<Coding>) -> Option<HeaderValue> {
    if let Some(own) = response.value(&header::ETAG) {
        return Some(own.clone());
    }
    let tag = response.tag.or_else(|| match &response.content {
        Content::Bytes(content) => Some(Tag::of(content)),
        Content::Stream { .. } => None,
    })?;
    tag.value(coding)
}

/// Whether the client has an answer of that tag, or else of that time.
pub(super) fn is_known(here: &Here<'_>, tag: Option<&HeaderValue>, response: &Response) -> bool {
    knows(here, tag, response.value(&header::LAST_MODIFIED))
}

/// The same, where the answer isn't made yet.
pub(super) fn knows(
    here: &Here<'_>,
    tag: Option<&HeaderValue>,
    modified: Option<&HeaderValue>,
) -> bool {
    let mut lists = here.request.headers().get_all(header::IF_NONE_MATCH).peekable();
    if lists.peek().is_some() {
        return tag
            .is_some_and(|tag| lists.any(|list| tag::names(list.as_bytes(), tag.as_bytes())));
    }
    let since = here.request.header(&header::IF_MODIFIED_SINCE);
    match (since.and_then(time), modified.and_then(time)) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

fn time(value: &HeaderValue) -> Option<std::time::SystemTime> {
    httpdate::parse_http_date(value.to_str().ok()?).ok()
}

/// Makes an answer one that says: what you have still holds.
pub(super) fn unchanged(response: &mut Response) {
    response.status = StatusCode::NOT_MODIFIED;
    response.content = Content::Bytes(Default::default());
    response.headers.retain(|(name, _)| !is_of_content(name));
}

/// Whether a header speaks of a content that isn't sent.
fn is_of_content(name: &HeaderName) -> bool {
    let others = [header::ACCEPT_RANGES, header::X_CONTENT_TYPE_OPTIONS];
    let located = *name == header::CONTENT_LOCATION || *name == header::CONTENT_SECURITY_POLICY;
    others.contains(name) || (name.as_str().starts_with("content-") && !located)
}
