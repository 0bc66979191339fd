//! An answer that says more than its value: what the edge tells of it in HTTP.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Blob, Cookie, Fault, Layout, Message, Reader, Shape, Sink, Writer};

/// An answer with a status, headers and cookies of its own, for a client at the edge:
///
/// ```
/// # use seam_core::codec::{Answer, Cookie};
/// # struct Session;
/// # fn session() -> Session { Session }
/// let answer = Answer::new(session())
///     .with_status(201)
///     .with_header("Cache-Control", "no-store")
///     .with_cookie(Cookie::new("session", "7f3a").http_only());
/// ```
///
/// A method returns `Answer<T>` where it would return `T`. Who calls it by its client gets all of it;
/// in JSON it is its value alone, and only the routes of the edge apply the rest. What HTTP can't
/// say, see [`AnswerHead::check`], makes the answer unreadable there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    value: T,
    head: AnswerHead,
}

/// What an [`Answer`] says beside its value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerHead {
    /// In place of the route's status.
    pub status: Option<u16>,
    /// Names and values, in their order.
    pub headers: Vec<(String, String)>,
}

/// Headers that belong to the connection, to the body or to the runtime.
const FORBIDDEN: [&str; 13] = [
    "connection",
    "content-length",
    "content-type",
    "date",
    "host",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "x-request-id",
    "x-seam-outcome",
];
/// So many headers, at most.
const MAX_HEADERS: usize = 64;
/// So many bytes of names and values, at most.
const MAX_BYTES: usize = 8 << 10;

impl<T> Answer<T> {
    /// The value, and nothing else yet.
    pub const fn new(value: T) -> Self {
        Self { value, head: AnswerHead { status: None, headers: Vec::new() } }
    }

    /// The status, from 200 to 399, in place of the one that the route declares.
    #[must_use]
    pub const fn with_status(mut self, status: u16) -> Self {
        self.head.status = Some(status);
        self
    }

    /// One more header. Those that frame a message, `Content-Type` and `X-Request-Id` aren't a
    /// service's to say.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.head.headers.push((name.into(), value.into()));
        self
    }

    /// One more cookie.
    #[must_use]
    pub fn with_cookie(self, cookie: Cookie) -> Self {
        self.with_header("Set-Cookie", cookie.to_string())
    }

    /// The value.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// The value alone.
    pub fn into_value(self) -> T {
        self.value
    }

    /// What is said beside it.
    pub const fn head(&self) -> &AnswerHead {
        &self.head
    }
}

impl<T> From<T> for Answer<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl AnswerHead {
    /// Whether HTTP can say it: a status from 200 to 399, and at most 64 headers of at most 8 KiB
    /// together, whose names are tokens and whose values are visible ASCII, none of which belongs to
    /// the connection, the body or the runtime.
    ///
    /// # Errors
    /// What it can't.
    pub fn check(&self) -> Result<(), String> {
        if let Some(status) = self.status.filter(|status| !(200..400).contains(status)) {
            return Err(format!("the answer has the status {status}: from 200 to 399"));
        }
        let bytes: usize = self.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if self.headers.len() > MAX_HEADERS || bytes > MAX_BYTES {
            return Err(format!(
                "the answer has {} headers of {bytes} bytes: {MAX_HEADERS} of {MAX_BYTES} at most",
                self.headers.len(),
            ));
        }
        for (name, value) in &self.headers {
            let token =
                |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
            if name.is_empty() || !name.bytes().all(token) {
                return Err(format!("the answer has the header {name:?}, which is no name"));
            }
            if FORBIDDEN.iter().any(|other| other.eq_ignore_ascii_case(name)) {
                return Err(format!("the answer has the header `{name}`, which isn't a service's"));
            }
            if !is_text(value) {
                return Err(format!("the answer's header `{name}` has a value that is no text"));
            }
        }
        Ok(())
    }
}

/// Whether a header may have that value.
pub(super) fn is_text(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b'\t' | b' '..=b'~'))
}

/// What a message says to HTTP beside its value.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Besides<'a> {
    /// The status and the headers.
    pub head: Option<&'a AnswerHead>,
    /// The body, if it is no JSON.
    pub blob: Option<&'a Blob>,
}

#[diagnostic::do_not_recommend]
impl<T: Message> Message for Answer<T> {
    const SHAPE: Shape =
        T::SHAPE.and(<Option<u16>>::SHAPE).and(<Vec<(String, String)>>::SHAPE).inside(0);

    fn layout(out: &mut Layout) {
        out.text("answer(");
        T::layout(out);
        out.text(",");
        <Option<u16>>::layout(out);
        out.text(",");
        <Vec<(String, String)>>::layout(out);
        out.text(")");
    }

    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        out.value(&self.value)?;
        out.value(&self.head.status)?;
        out.value(&self.head.headers)
    }

    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        let value = from.value()?;
        Ok(Self { value, head: AnswerHead { status: from.value()?, headers: from.value()? } })
    }

    fn besides(&self) -> Besides<'_> {
        Besides { head: Some(&self.head), ..self.value.besides() }
    }
}

/// People read the value alone.
impl<T: Serialize> Serialize for Answer<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.value.serialize(serializer);
        }
        (&self.value, self.head.status, &self.head.headers).serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Answer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return T::deserialize(deserializer).map(Self::new);
        }
        let (value, status, headers) = Deserialize::deserialize(deserializer)?;
        Ok(Self { value, head: AnswerHead { status, headers } })
    }
}

impl<T: JsonSchema> JsonSchema for Answer<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn an_answer_crosses_whole_and_is_its_value_in_json() {
        let answer = Answer::new(vec![1_u8, 2])
            .with_status(202)
            .with_header("ETag", "\"7\"")
            .with_cookie(Cookie::new("a", "b"));
        let mut bytes = Vec::new();
        codec::encode(&answer, &mut bytes).unwrap();
        assert_eq!(codec::decode::<Answer<Vec<u8>>>(&bytes).unwrap(), answer);
        assert_eq!(serde_json::to_string(&answer).unwrap(), "[1,2]");
        assert_eq!(answer.head().check(), Ok(()));
    }

    #[test]
    fn what_http_can_not_say_is_found() {
        let with = |name: &str, value: &str| Answer::new(()).with_header(name, value);
        for answer in [
            Answer::new(()).with_status(199),
            Answer::new(()).with_status(404),
            with("Content-Length", "7"),
            with("transfer-ENCODING", "chunked"),
            with("Connection", "close"),
            with("Content-Type", "text/html"),
            with("X-Request-Id", "mine"),
            with("", "x"),
            with("a b", "x"),
            with("a:", "x"),
            with("a", "x\r\nb: c"),
            with("a", "x\n"),
            with("a", "\u{0}"),
            with("a", "é"),
            with("a", &"x".repeat(MAX_BYTES)),
            (0..=MAX_HEADERS).fold(Answer::new(()), |answer, _| answer.with_header("a", "b")),
        ] {
            assert!(answer.head().check().is_err(), "{answer:?}");
        }
    }
}
