//! What a connection is told whose request never came to be: in the words of any other problem.

use memchr::memmem;
use seam_core::context::TraceContext;

use super::framing::Violation;
use crate::problem::Problem;
use crate::shape::Shape;

const NO_REQUEST: &str = "this is no HTTP/1.1 request: its first line, a header, a missing `Host` or \
                          the length of its body isn't as the protocol has it";

impl Problem {
    pub(crate) fn of_violation(violation: Violation) -> Self {
        match violation {
            Violation::NoRequest => Self::bad_request(NO_REQUEST),
            Violation::Fragment => Self::bad_request("the target has a `#`"),
            Violation::ChunksTooLarge => Self::bad_request(
                "what the chunked body has besides its content, extensions or trailers, is too large",
            ),
            Violation::BareLineFeed => {
                Self::bad_request("a line of the head ends with a line feed alone")
            }
            Violation::HeadTooLarge => Self::head_too_large("the head is too large"),
            Violation::HeadTooSlow => Self::too_slow("the head took too long"),
        }
    }

    /// The problem as a whole response, for a connection that is closed then; `errors` is where its
    /// code is explained.
    pub(crate) fn last_words(self, errors: &str, shape: Option<&Shape>) -> Vec<u8> {
        let (request_id, outcome) = (TraceContext::root().trace.to_string(), self.outcome.as_str());
        let (status, kind, body) = self.content(&request_id, errors, shape);
        let mut words = format!(
            "HTTP/1.1 {} {}\r\nconnection: close\r\ncontent-type: ",
            status.as_u16(),
            status.canonical_reason().unwrap_or_default(),
        )
        .into_bytes();
        words.extend_from_slice(kind.as_bytes());
        let rest = format!(
            "\r\nx-seam-outcome: {outcome}\r\nx-request-id: {request_id}\r\ncontent-length: {}\r\n\r\n",
            body.len(),
        );
        words.extend_from_slice(rest.as_bytes());
        words.extend_from_slice(&body);
        words
    }
}

/// Where actix's own refusal begins at the end of what it writes, and what it is about: a status
/// without a body, which its parser answers with for what is no request.
pub(crate) fn bare_refusal(written: &[u8]) -> Option<(usize, Problem)> {
    let start = memmem::rfind(written, b"HTTP/1.")?;
    let head = &written[start..];
    let has = |line| memmem::find(head, line).is_some();
    if !head.ends_with(b"\r\n\r\n")
        || !has(b"\r\ncontent-length: 0\r\n")
        || has(b"\r\nx-request-id:")
    {
        return None;
    }
    let problem = match head.get(b"HTTP/1.1 ".len()..)?.first_chunk()? {
        b"400 " => Problem::bad_request(NO_REQUEST),
        b"431 " => Problem::head_too_large("the head is too large, or has too many headers"),
        _ => return None,
    };
    Some((start, problem))
}

#[cfg(test)]
mod tests {
    use crate::http::StatusCode;

    use super::*;

    const BARE: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\
                        date: Sat, 21 Nov 2026 14:09:05 GMT\r\n\r\n";

    fn found(written: &str) -> Option<(usize, StatusCode)> {
        bare_refusal(written.as_bytes()).map(|(start, problem)| (start, problem.status))
    }

    #[test]
    fn a_refusal_is_found_behind_answers() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-request-id: 7\r\n\r\n{}";
        assert_eq!(found(BARE), Some((0, StatusCode::BAD_REQUEST)));
        let behind = format!("{answer}{BARE}");
        assert_eq!(found(&behind), Some((answer.len(), StatusCode::BAD_REQUEST)));
        let too_large = BARE.replace("400", "431");
        assert_eq!(found(&too_large), Some((0, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)));
        assert_eq!(found(answer), None);
    }

    #[test]
    fn answers_of_the_edge_are_no_refusals() {
        for answer in [
            "HTTP/1.1 205 Reset Content\r\ncontent-length: 0\r\nx-request-id: 7\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nx-request-id: 7\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "HTTP/1.",
            "",
        ] {
            assert_eq!(found(answer), None, "{answer}");
        }
    }
}
