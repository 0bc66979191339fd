//! An HTTP client of no more than the suites need: one request per connection, whole bodies.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any deadline of a request, so that who runs into it has found a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request, to be [sent](Request::send).
#[derive(Debug, Clone)]
pub struct Request {
    verb: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

/// The whole answer to a request.
#[derive(Debug, Clone)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// `GET path`.
pub fn get(path: &str) -> Request {
    Request { verb: "GET".into(), path: path.into(), headers: Vec::new(), body: Vec::new() }
}

/// `HEAD path`.
pub fn head(path: &str) -> Request {
    Request { verb: "HEAD".into(), ..get(path) }
}

/// `POST path` with a JSON body.
pub fn post(path: &str, body: &Value) -> Request {
    post_text(path, "application/json", &body.to_string())
}

/// `POST path` with any body.
pub fn post_text(path: &str, content_type: &str, body: &str) -> Request {
    let request = Request { verb: "POST".into(), body: body.into(), ..get(path) };
    request.header("Content-Type", content_type)
}

/// `PUT path` with a JSON body.
pub fn put(path: &str, body: &Value) -> Request {
    Request { verb: "PUT".into(), ..post(path, body) }
}

/// `DELETE path`.
pub fn delete(path: &str) -> Request {
    Request { verb: "DELETE".into(), ..get(path) }
}

impl Request {
    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends the request and reads the answer to its end.
    ///
    /// # Errors
    /// Nobody listens, the connection broke, or there is no whole answer after 30 s.
    pub async fn send(&self, to: SocketAddr) -> io::Result<Response> {
        let exchange = async {
            let mut stream = TcpStream::connect(to).await?;
            stream.write_all(&self.bytes(to)).await?;
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).await?;
            let whole = Response::parse(&answer, self.verb == "HEAD");
            whole.ok_or_else(|| ErrorKind::UnexpectedEof.into())
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(ErrorKind::TimedOut.into()))
    }

    /// Sends the request and reads the answer's head alone: its body may never end.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn head_of(&self, to: SocketAddr) -> io::Result<Response> {
        let exchange = async {
            let mut stream = TcpStream::connect(to).await?;
            stream.write_all(&self.bytes(to)).await?;
            let mut head = Vec::new();
            let end = loop {
                if stream.read_buf(&mut head).await? == 0 {
                    return Err(ErrorKind::UnexpectedEof.into());
                }
                if let Some(end) = head.windows(4).position(|end| end == b"\r\n\r\n") {
                    break end + 4;
                }
            };
            Response::parse(&head[..end], true).ok_or_else(|| ErrorKind::InvalidData.into())
        };
        tokio::time::timeout(PATIENCE, exchange).await.unwrap_or(Err(ErrorKind::TimedOut.into()))
    }

    fn bytes(&self, to: SocketAddr) -> Vec<u8> {
        let Self { verb, path, headers, body } = self;
        let mut head = format!("{verb} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head += &format!("Host: {to}\r\n");
        }
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !matches!(&**verb, "GET" | "HEAD") {
            head += &format!("Content-Length: {}\r\n", body.len());
        }
        [head.as_bytes(), b"\r\n", body].concat()
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.verb, self.path)?;
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "Content-Type") {
            write!(f, " [{name}: {value}]")?;
        }
        write!(f, " {}", String::from_utf8_lossy(&self.body))
    }
}

impl Response {
    /// The header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; its text as a string if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| self.text().into())
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// `None` if the answer isn't whole. One to a HEAD is `bare`: without what it announces.
    fn parse(answer: &[u8], bare: bool) -> Option<Self> {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&answer[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        let header = |line: &str| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_ascii_lowercase(), value.trim().to_owned()))
        };
        let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
        let mut response = Self { status, headers, body: answer[end + 4..].to_vec() };
        if bare {
            response.body.is_empty().then_some(())?;
        } else if response.header("transfer-encoding") == Some("chunked") {
            response.body = dechunked(&response.body)?;
        } else if let Some(length) = response.header("content-length") {
            (length.parse() == Ok(response.body.len())).then_some(())?;
        }
        Some(response)
    }
}

fn dechunked(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&rest[..end]).ok()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_whole_or_none() {
        let counted = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nLocation: /x\r\n\r\n{}";
        let response = Response::parse(counted, false).unwrap();
        assert_eq!((response.status, response.header("location")), (201, Some("/x")));
        assert_eq!(response.json(), serde_json::json!({}));
        assert!(Response::parse(&counted[..counted.len() - 2], true).is_some());
        assert!(Response::parse(counted, true).is_none(), "a HEAD is answered without content");
        assert!(Response::parse(&counted[..counted.len() - 1], false).is_none());
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n";
        assert_eq!(Response::parse(chunked, false).unwrap().text(), "ab");
        assert!(Response::parse(&chunked[..chunked.len() - 8], false).is_none());
    }
}
