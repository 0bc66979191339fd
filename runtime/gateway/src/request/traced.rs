//! What the headers of a request say of the trace that it is a part of, after W3C's trace context.

use seam_core::context::{TraceContext, TraceState};

use crate::http::{HeaderMap, HeaderName};

const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// What the request is a part of; `None` if nothing says so, or several headers do.
pub(super) fn above(headers: &HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all(TRACEPARENT);
    let value = values.next().filter(|_| values.next().is_none())?;
    TraceContext::from_traceparent(value.to_str().ok()?)
}

/// What other tracers say of it, in all headers together. It is of use beside a `traceparent` only.
pub(super) fn state(headers: &HeaderMap) -> Option<TraceState> {
    let mut values = Vec::new();
    for value in headers.get_all(TRACESTATE) {
        // What isn't text makes all of it none.
        values.push(value.to_str().ok()?);
    }
    TraceState::read(values)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::HeaderValue;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn headers(name: &HeaderName, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn one_traceparent_counts_and_two_are_none() {
        let read = |values: &[&[u8]]| above(&headers(&TRACEPARENT, values));
        let parent = PARENT.as_bytes();
        assert_eq!(read(&[parent]), TraceContext::from_traceparent(PARENT));
        assert!(read(&[parent]).is_some());
        assert_eq!(read(&[parent, parent]), None);
        assert_eq!((read(&[]), read(&[b"\xff"])), (None, None));
    }

    #[test]
    fn all_headers_of_a_state_are_one_list() {
        let read = |values: &[&[u8]]| state(&headers(&TRACESTATE, values));
        let one = read(&[b"foo=1,bar=2", b"", b"baz=3"]).unwrap();
        assert_eq!(one.as_str(), "foo=1,bar=2,baz=3");
        assert_eq!((read(&[]), read(&[b""]), read(&[b"foo=1", b"bar=\xff"])), (None, None, None));
    }
}
