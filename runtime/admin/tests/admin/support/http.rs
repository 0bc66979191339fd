//! HTTP by hand: what goes out is exactly what the test says.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longer than anything here takes; a test that waits so long has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A connection to a listener.
pub(crate) struct Connection {
    io: TcpStream,
    read: Vec<u8>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// Status and code of a problem.
    pub(crate) fn problem(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], self.status);
        assert!(problem["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{problem}");
        (self.status, problem["code"].as_str().unwrap().to_owned())
    }
}

impl Connection {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self { io: TcpStream::connect(address).await.unwrap(), read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.io.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends as much of it as is taken.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.io.write_all(bytes.as_ref()).await;
    }

    /// The next answer; `None` if the connection ends before it.
    pub(crate) async fn answer(&mut self, is_head: bool) -> Option<Answer> {
        let answer = async {
            let mut answer = self.head().await?;
            let length = answer.header("content-length").map_or(0, |n| n.parse().unwrap());
            while !is_head && self.read.len() < length {
                self.more().await?;
            }
            let length = if is_head { 0 } else { length };
            answer.body = String::from_utf8(self.read.drain(..length).collect()).unwrap();
            Some(answer)
        };
        timeout(PATIENCE, answer).await.expect("an answer in time")
    }

    /// The head of the next answer, with an empty body.
    pub(crate) async fn head(&mut self) -> Option<Answer> {
        let head = self.until("\r\n\r\n").await?;
        let mut lines = head.trim_end().lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Some(Answer { status, headers: lines.map(header).collect(), body: String::new() })
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
        let read: Vec<u8> = timeout(PATIENCE, read).await.expect("it in time")?;
        Some(String::from_utf8_lossy(&read).into_owned())
    }

    async fn more(&mut self) -> Option<()> {
        let mut bytes = [0; 4096];
        let length = self.io.read(&mut bytes).await.unwrap_or(0);
        self.read.extend(&bytes[..length]);
        (length > 0).then_some(())
    }
}
