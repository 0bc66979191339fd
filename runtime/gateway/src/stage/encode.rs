//! Contents in a coding that the client takes.

use std::io;

use bytes::Bytes;

use super::Here;
use crate::coding::{self, Coded, Coding, accepted, is_compressible};
use crate::http::StatusCode;
use crate::http::header::{self, HeaderValue};
use crate::response::{Content, Response};

/// Smaller contents aren't worth it.
const SMALLEST: u64 = 1 << 10;
const ACCEPT_ENCODING: &str = "Accept-Encoding";

/// The coding of an answer, if it gets one; that it depends on the client is said.
pub(super) fn choose(here: &Here<'_>, response: &mut Response) -> Option<Coding> {
    let length = match &response.content {
        Content::Bytes(bytes) => Some(bytes.len() as u64),
        Content::Stream { length, .. } => *length,
    };
    let large = length.is_none_or(|length| length >= SMALLEST);
    let values = || here.request.headers().get_all(header::ACCEPT_ENCODING);
    // Most answers end here: they are small, and few clients insist.
    if length == Some(0) || (!large && !values().any(|value| refuses(value.as_bytes()))) {
        return None;
    }
    if !may_be_coded(response) {
        return None;
    }
    let accepted = accepted(values().map(|value| value.as_bytes()));
    let insists = accepted.insists && accepted.coding.is_some();
    if !large && !insists {
        return None;
    }
    response.varies(ACCEPT_ENCODING);
    accepted.coding
}

/// Whether a list may refuse something, such as a content as it is.
fn refuses(list: &[u8]) -> bool {
    list.contains(&b'0')
}

/// Whether an answer that is larger or smaller might be sent in a coding.
pub(super) fn may_be_coded(response: &Response) -> bool {
    let holds = |name, text: &[u8]| {
        response.value(&name).is_some_and(|value| {
            memchr::memmem::find(&value.as_bytes().to_ascii_lowercase(), text).is_some()
        })
    };
    let compressible = response.value(&header::CONTENT_TYPE);
    let compressible = compressible.is_some_and(|kind| is_compressible(kind.as_bytes()));
    // A strong tag of the service's own says that the content is this one to the byte.
    let strong =
        response.value(&header::ETAG).is_some_and(|tag| !tag.as_bytes().starts_with(b"W/"));
    compressible
        && !strong
        && response.status != StatusCode::PARTIAL_CONTENT
        && response.value(&header::CONTENT_ENCODING).is_none()
        && !holds(header::CACHE_CONTROL, b"no-transform")
}

/// Sends the answer in that coding; `false` if it stays as it is.
pub(super) async fn apply(coding: Option<Coding>, response: &mut Response) -> bool {
    let Some(coding) = coding else { return false };
    let empty = || Content::Bytes(Default::default());
    match std::mem::replace(&mut response.content, empty()) {
        Content::Bytes(plain) => match whole(coding, response.coded.as_deref(), &plain).await {
            Ok(coded) => response.content = Content::Bytes(coded),
            Err(error) => {
                tracing::warn!(%error, "an answer can't be coded, and is sent as it is");
                response.content = Content::Bytes(plain);
                return false;
            }
        },
        Content::Stream { chunks, .. } => {
            let chunks = coding::pieces(coding, chunks);
            response.content = Content::Stream { length: None, chunks };
        }
    }
    response.headers.retain(|(name, _)| *name != header::ACCEPT_RANGES);
    response.header(header::CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    true
}

/// A content in a coding, as it was kept or else made now.
async fn whole(coding: Coding, kept: Option<&Coded>, plain: &Bytes) -> io::Result<Bytes> {
    let Some(kept) = kept else { return coding::whole(coding, plain.clone()).await };
    if let Some(coded) = kept.get(coding) {
        return Ok(coded);
    }
    let coded = coding::whole(coding, plain.clone()).await?;
    kept.put(coding, &coded);
    Ok(coded)
}

#[cfg(test)]
mod tests {
    use seam_core::time::Moment;

    use super::*;
    use crate::cache::{Keep, Kept};

    #[tokio::test]
    async fn what_is_kept_is_coded_once() {
        let response = Response::json(StatusCode::OK, "[1,2,3]".repeat(1_000));
        let now = Moment::from_nanos(0);
        let kept = Kept::new(response, Keep::Until, now, now);
        let coded = async |coding| {
            let mut response = kept.response();
            assert!(apply(Some(coding), &mut response).await);
            match response.content {
                Content::Bytes(coded) => coded,
                Content::Stream { .. } => panic!("it is whole"),
            }
        };
        for coding in [Coding::Gzip, Coding::Brotli, Coding::Zstd] {
            let (first, again) = (coded(coding).await, coded(coding).await);
            assert_eq!(first.as_ptr(), again.as_ptr(), "{coding:?}");
            assert!(first.len() < 1_000);
        }
        assert_ne!(coded(Coding::Gzip).await, coded(Coding::Brotli).await);
    }
}
