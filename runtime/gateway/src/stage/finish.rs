//! What is done with every answer on its way out, whatever it came from.
//!
//! Who asked for something that changes nothing may keep the answer and ask whether it still holds;
//! all others are told to keep nothing. What the answer says for itself stands.

use super::{Here, cors, encode, fresh};
use crate::http::header::{self, HeaderValue};
use crate::http::{Method, StatusCode};
use crate::response::Response;

/// Answers of a GET: to be kept by nobody else, and asked for again each time.
const ASK: HeaderValue = HeaderValue::from_static("private, no-cache");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// Makes an answer ready to be sent.
pub(super) async fn finish(here: &Here<'_>, response: &mut Response) {
    let reads = matches!(*here.request.method(), Method::GET | Method::HEAD);
    let whole = reads && response.status == StatusCode::OK;
    if response.value(&header::CACHE_CONTROL).is_none() {
        response.header(header::CACHE_CONTROL, if whole { ASK } else { NO_STORE });
    }
    let coding = encode::choose(here, response);
    if !whole {
        encode::apply(coding, response).await;
    } else if let Some(tag) = fresh::tag(response, coding) {
        let own = response.value(&header::ETAG).is_some();
        if fresh::is_known(here, Some(&tag), response) {
            if !own {
                response.header(header::ETAG, tag);
            }
            fresh::unchanged(response);
        } else {
            let coded = encode::apply(coding, response).await;
            let tag = match coded == coding.is_some() {
                true => Some(tag),
                false => fresh::tag(response, None),
            };
            if let Some(tag) = tag.filter(|_| !own) {
                response.header(header::ETAG, tag);
            }
        }
    } else if fresh::is_known(here, None, response) {
        fresh::unchanged(response);
    } else {
        encode::apply(coding, response).await;
    }
    cors::mark(here, response);
}
