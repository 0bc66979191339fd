//! The codes of everything that the runtime and the edge report.
//!
//! One line here is a code with its status, its page at the edge (`/errors/CODE`) and its row in
//! `docs/outcomes.md`, which a test holds to this list.

use std::fmt;

/// What a failure says of a call: the `outcome` of a problem at the edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It ran, and its service said no.
    Service,
    /// It did not run, and won't.
    NotExecuted,
    /// It may have run.
    Unknown,
}

impl Certainty {
    /// As JSON has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::NotExecuted => "not_executed",
            Self::Unknown => "unknown",
        }
    }

    /// What that means for a caller, in a sentence.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Service => {
                "The call ran, and its service answered with an error of its contract."
            }
            Self::NotExecuted => {
                "The call did not run and never will: it has had no effect, and asking again is \
                 safe."
            }
            Self::Unknown => {
                "The call may have run, in part or in whole: look before it is asked again, unless \
                 its method is idempotent."
            }
        }
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $status:literal,
       [$($certainty:ident),+], $advice:literal;)+) => {
        /// A stable code in snake case, for machines: of the runtime or of the edge. Errors of
        /// services have codes of their own.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Code {
            /// All of them: calls' first, then those of the edge alone.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The code.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// The HTTP status that the edge answers with.
            pub const fn status(self) -> u16 {
                match self {
                    $(Self::$name => $status,)+
                }
            }

            /// What it can say of a call; most codes say one thing.
            pub const fn certainties(self) -> &'static [Certainty] {
                match self {
                    $(Self::$name => &[$(Certainty::$certainty),+],)+
                }
            }

            /// What has happened, in a sentence or two.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii(),)+
                }
            }

            /// What to do about it.
            pub const fn advice(self) -> &'static str {
                match self {
                    $(Self::$name => $advice,)+
                }
            }
        }
    };
}

codes! {
    /// The callee has as much work as it may hold: as many calls wait and run as its `mailbox`
    /// takes, or as its unit grants this connection.
    Overloaded = "overloaded", 503, [NotExecuted],
        "Wait as long as `Retry-After` says. If it stays so, raise `mailbox` or make the service faster.";
    /// The service can't be reached: there is no connection to its unit, its actor can't start, or
    /// it is stopping.
    Unavailable = "unavailable", 503, [NotExecuted],
        "Wait. The app's `status` says why a service is down.";
    /// The callee failed too often just now, and isn't asked for a while.
    BreakerOpen = "breaker_open", 503, [NotExecuted],
        "Wait as long as `Retry-After` says.";
    /// The deadline passed: before the call began, and then it is not executed, or while it ran or
    /// after it was sent, and then its outcome is unknown.
    DeadlineExceeded = "deadline_exceeded", 504, [NotExecuted, Unknown],
        "Ask with more time, or not at all. If the outcome is unknown, look what has become of it first.";
    /// The two sides were built with different layouts of the method's arguments, answer or error, or
    /// another version of the contract is asked for than there is.
    Incompatible = "incompatible", 502, [NotExecuted],
        "Build both sides from the same contract, or ask for the version that is there.";
    /// The caller may not make this call: its service doesn't declare it, the method is neither
    /// `public` nor has a route, a rule leaves the caller out, or its unit has no such caller.
    Denied = "denied", 403, [NotExecuted],
        "Declare the call in the caller's `Needs`, make the method `public`, or look at `allow` of its service.";
    /// The request can't be understood: its arguments are none of this method, or its framing, its
    /// path, its query or a header isn't as it has to be.
    BadRequest = "bad_request", 400, [NotExecuted],
        "Mend the request: `detail` says what is wrong with it, and where.";
    /// The call would enter a service that waits for it already, or its chain has too many services.
    Cycle = "cycle", 508, [NotExecuted],
        "Break the circle: `detail` names its path.";
    /// The connection to the service's unit ended after the call was sent.
    ConnectionLost = "connection_lost", 502, [Unknown],
        "Look what has become of the call before it is asked again.";
    /// The handler panicked.
    Panicked = "panicked", 500, [Unknown],
        "The log has the panic's message under this `requestId`; it is a fault of the service.";
    /// The turn ran past `turn_limit`, or its unit stopped and couldn't wait longer.
    Abandoned = "abandoned", 500, [Unknown],
        "Look what has become of the call before it is asked again.";
    /// The call ran, and its answer can't be carried or read: it is too large, holds a number that
    /// is NaN or infinite where JSON has none, or has a header that can't be sent.
    Unreadable = "unreadable", 502, [Unknown],
        "Look what has become of the call; that its answer can't be told is a fault of the service.";
    /// Whoever made the call went away before it was over. It stands in counts, traces and the ledger, and
    /// nobody is left to be answered with it.
    CallerGone = "caller_gone", 503, [NotExecuted, Unknown],
        "If its outcome is unknown, look what has become of the call: a turn alone runs to its end without its caller.";
    /// A call that the handler made failed, and the handler passed that on.
    Inner = "inner", 503, [Unknown],
        "The log has the service, the method and the cause under this `requestId`.";
    /// There is no such path, service or public method.
    NotFound = "not_found", 404, [NotExecuted],
        "Look at the path: contracts say which there are.";
    /// The path is there, but not for this verb.
    MethodNotAllowed = "method_not_allowed", 405, [NotExecuted],
        "Use one of the verbs that `Allow` lists.";
    /// The head or the body of the request took too long to arrive.
    RequestTimeout = "request_timeout", 408, [NotExecuted],
        "Send faster. The limits are keys of `[edge]`.";
    /// The body is larger than `[edge] body` allows.
    BodyTooLarge = "body_too_large", 413, [NotExecuted],
        "Send less at once, or raise `[edge] body`.";
    /// The body is of a media type that this method doesn't take, or compressed.
    UnsupportedMediaType = "unsupported_media_type", 415, [NotExecuted],
        "Send the media type that `detail` names, uncompressed.";
    /// The range that is asked for lies behind the end of the file.
    RangeNotSatisfiable = "range_not_satisfiable", 416, [NotExecuted],
        "Ask for bytes that there are: `Content-Range` says how many.";
    /// The head of the request is larger than `[edge] head` allows, or has too many headers.
    HeadTooLarge = "head_too_large", 431, [NotExecuted],
        "Send fewer or shorter headers, or raise `[edge] head`.";
    /// Nobody is known who asks, and this may not be asked for by just anybody.
    Unauthenticated = "unauthenticated", 401, [NotExecuted],
        "Send a credential: `Authorization: Bearer TOKEN`, `X-Api-Key`, or the cookie of a sign-in.";
    /// The credential that came with the request isn't one, isn't one any more, or isn't for this app.
    InvalidCredential = "invalid_credential", 401, [NotExecuted],
        "Get a new one where this one came from. The log has the reason under this `requestId`.";
    /// The request comes from a page of another site, with a cookie of this one.
    CrossOrigin = "cross_origin", 403, [NotExecuted],
        "Ask from a page of this host, or name the other one in `[edge.cors] origins`.";
    /// The form says nothing of who sent it: `appKey`, `timestamp`, `nonce` or `sign` is missing.
    SignatureMissing = "signature_missing", 401, [NotExecuted],
        "Sign the form with the secret of your app.";
    /// The form's signature is none of its fields under its app's secret, or there is no such app.
    SignatureInvalid = "signature_invalid", 401, [NotExecuted],
        "Sign all other fields, decoded and sorted by name, as `name=value` joined by `&`.";
    /// The form was signed too long ago, or for a time to come.
    SignatureExpired = "signature_expired", 401, [NotExecuted],
        "Sign it anew when it is sent, by a clock that is right: `timestamp` is in milliseconds.";
    /// A form with this nonce was taken before.
    SignatureReplayed = "signature_replayed", 401, [NotExecuted],
        "Sign each form anew, with a nonce of its own.";
    /// There are too many requests from this client.
    RateLimited = "rate_limited", 429, [NotExecuted],
        "Wait as long as `Retry-After` says.";
    /// The arguments are more than may be kept of a call that is made later: 64 KiB.
    TooLarge = "too_large", 413, [NotExecuted],
        "Send less at once, put what is large elsewhere and name it, or ask without `Prefer: respond-async`.";
    /// Writing the call down failed half-way: it may be kept, and then it is made, or it may not.
    MaybeKept = "maybe_kept", 503, [Unknown],
        "Ask again under the same `Idempotency-Key`: the same key is the same ticket, if there is one.";
    /// This `Idempotency-Key` has a ticket already, of a call with other arguments.
    IdempotencyKeyReused = "idempotency_key_reused", 422, [NotExecuted],
        "Take a new key for each call, and the same one only to ask for the same call again.";
    /// There is no ticket of this id: none was ever given out, or it has been forgotten since.
    TicketNotFound = "ticket_not_found", 404, [Unknown],
        "Take the path from `Location` of the answer that gave the ticket out.";
    /// The call of this ticket has ended, and its result isn't kept any longer.
    TicketExpired = "ticket_expired", 410, [Unknown],
        "Look what has become of the call. Fetch results sooner, or raise `[bus] results`.";
}

impl Code {
    /// The code of that text.
    pub fn of(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_in_snake_case_and_differ() {
        for (at, code) in Code::ALL.iter().enumerate() {
            let text = code.as_str();
            assert!(text.bytes().all(|byte| byte == b'_' || byte.is_ascii_lowercase()), "{text}");
            assert_eq!(Code::of(text), Some(*code));
            assert!(Code::ALL[..at].iter().all(|other| other.as_str() != text), "{text} twice");
            assert!((400..600).contains(&code.status()), "{text}");
            assert!(code.meaning().ends_with('.') && code.advice().ends_with('.'), "{text}");
        }
        assert_eq!(Code::of("user_not_found"), None);
    }

    /// The codes and statuses in the tables of a page that have a column `code`.
    fn tabled(page: &str) -> Vec<(&str, u16)> {
        let mut columns = None;
        let mut found = Vec::new();
        for line in page.lines() {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let place = |name| cells.iter().position(|cell| *cell == name);
            if cells.len() < 3 {
                columns = None;
            } else if let (Some(code), Some(status)) = (place("code"), place("status")) {
                columns = Some((code, status));
            } else if let Some((code, status)) = columns
                && !cells[code].starts_with('-')
            {
                let status = cells[status].split(',').next().unwrap().parse().unwrap();
                found.push((cells[code].trim_matches('`'), status));
            }
        }
        found
    }

    #[test]
    fn the_page_of_outcomes_has_every_code() {
        let page = tabled(include_str!("../../../../docs/outcomes.md"));
        for code in Code::ALL {
            let (code, status) = (code.as_str(), code.status());
            assert!(page.contains(&(code, status)), "docs/outcomes.md lacks {code} with {status}");
        }
        for (code, status) in page {
            let known = Code::of(code).map(Code::status);
            assert_eq!(known, Some(status), "docs/outcomes.md has {code}, which isn't in the list");
        }
    }
}
