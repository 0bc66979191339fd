//! HTTP by hand: what goes out is exactly what the test says.

use std::net::SocketAddr;
use std::time::Duration;

use seam_gateway::Edge;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to an edge.
pub(crate) struct Connection<I = TcpStream> {
    io: I,
    read: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// As far as it is a text.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Connection {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect(address).await.unwrap())
    }

    /// A connection, if one is taken.
    pub(crate) async fn try_to(address: SocketAddr) -> Option<Self> {
        Some(Self::over(TcpStream::connect(address).await.ok()?))
    }
}

impl<I: AsyncRead + AsyncWrite + Unpin> Connection<I> {
    pub(crate) fn over(io: I) -> Self {
        Self { io, read: Vec::new() }
    }

    /// Whether it could be sent.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.io.write_all(bytes.as_ref()).await.is_ok()
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.io.write_all(bytes.as_ref()).await.unwrap();
    }

    /// The next answer; `None` if the connection ends before it.
    pub(crate) async fn answer(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.read_answer()).await.expect("an answer in time")
    }

    /// What comes next, up to that text; `None` if the connection ends before it.
    pub(crate) async fn until(&mut self, end: &str) -> Option<String> {
        let read = async {
            loop {
                let found = self.read.windows(end.len()).position(|part| part == end.as_bytes());
                match found {
                    Some(at) => return Some(self.read.drain(..at + end.len()).collect()),
                    None => self.more().await?,
                }
            }
        };
        let read: Vec<u8> = tokio::time::timeout(PATIENCE, read).await.expect("it in time")?;
        Some(String::from_utf8_lossy(&read).into_owned())
    }

    /// Whether the edge has closed the connection, now or soon.
    pub(crate) async fn closed(&mut self) -> bool {
        self.answer().await.is_none()
    }

    /// The next answer to a HEAD, which is one without what it announces.
    pub(crate) async fn head(&mut self) -> Option<Answer> {
        tokio::time::timeout(PATIENCE, self.read_head()).await.expect("an answer in time")
    }

    async fn read_answer(&mut self) -> Option<Answer> {
        let mut answer = self.read_head().await?;
        answer.bytes = if answer.header("transfer-encoding") == Some("chunked") {
            self.read_chunks().await?
        } else {
            let length = answer.header("content-length");
            self.read_bytes(length.map_or(0, |length| length.parse().unwrap())).await?
        };
        answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
        Some(answer)
    }

    /// The next piece of an answer that is sent in chunks; an empty one is its end.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        tokio::time::timeout(PATIENCE, self.read_chunk()).await.expect("a chunk in time")
    }

    async fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut all = Vec::new();
        loop {
            match self.read_chunk().await? {
                chunk if chunk.is_empty() => return Some(all),
                chunk => all.extend_from_slice(&chunk),
            }
        }
    }

    async fn read_chunk(&mut self) -> Option<Vec<u8>> {
        let end = loop {
            match self.read.windows(2).position(|two| two == b"\r\n") {
                Some(end) => break end,
                None => self.more().await?,
            }
        };
        let line = self.read_bytes(end + 2).await?;
        let length = usize::from_str_radix(std::str::from_utf8(&line[..end]).unwrap(), 16).unwrap();
        let mut chunk = self.read_bytes(length + 2).await?;
        chunk.truncate(length);
        Some(chunk)
    }

    async fn read_bytes(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.read.len() < length {
            self.more().await?;
        }
        Some(self.read.drain(..length).collect())
    }

    async fn read_head(&mut self) -> Option<Answer> {
        let end = loop {
            match self.read.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.more().await?,
            }
        };
        let head: String = String::from_utf8(self.read.drain(..end).collect()).unwrap();
        let mut lines = head.lines();
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let headers: Vec<(String, String)> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Some(Answer { status, headers, body: String::new(), bytes: Vec::new() })
    }

    async fn more(&mut self) -> Option<()> {
        match self.io.read_buf(&mut self.read).await {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(()),
        }
    }
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A problem's code and outcome, after a look at the rest of it.
    pub(crate) fn problem(&self) -> (u16, String, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        for member in ["type", "title", "detail", "requestId"] {
            assert!(problem[member].is_string(), "{member} in {problem}");
        }
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{problem}");
        let text = |name: &str| problem[name].as_str().unwrap().to_owned();
        (self.status, text("code"), text("outcome"))
    }
}

/// Sends a request of its own connection.
pub(crate) async fn request(edge: &Edge, head: &str, body: &str) -> Answer {
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let mut connection = Connection::to(edge.address()).await;
    let (line, headers) = head.split_once('\n').unwrap_or((head, ""));
    let headers: String = headers.lines().map(|line| format!("{line}\r\n")).collect();
    connection.send(format!("{line} HTTP/1.1\r\nHost: test\r\n{headers}{length}\r\n{body}")).await;
    connection.answer().await.expect("an answer")
}

pub(crate) async fn get(edge: &Edge, path: &str) -> Answer {
    request(edge, &format!("GET {path}"), "").await
}

/// Sends a form or whatever else, by its type.
pub(crate) async fn post(edge: &Edge, path: &str, kind: &str, body: &str) -> Answer {
    request(edge, &format!("POST {path}\nContent-Type: {kind}"), body).await
}

pub(crate) async fn json(edge: &Edge, path: &str, body: &str) -> Answer {
    post(edge, path, "application/json", body).await
}
