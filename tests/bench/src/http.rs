//! An HTTP/1.1 connection for load drivers: nothing but a request's bytes out and a response's
//! bytes in, so that the driver is never what is measured.

use std::ops::Range;

use anyhow::{Context, bail, ensure};
use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const READ: usize = 16 * 1024;

/// A response's status and where its body lies.
#[derive(Clone, Debug)]
struct Head {
    status: u16,
    body: Range<usize>,
}

/// A connection that is kept alive, with one request at a time.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    input: BytesMut,
    output: Vec<u8>,
    /// Further headers of each request, with their ends of line.
    headers: String,
    /// How much of the input the last response was.
    read: usize,
}

impl Connection {
    pub(crate) async fn connect(address: &str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            input: BytesMut::with_capacity(READ),
            output: Vec::new(),
            headers: String::new(),
            read: 0,
        })
    }

    /// Has each request carry this header.
    pub(crate) fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    /// Sends a request, e.g. `POST /price`, and answers with status and body.
    pub(crate) async fn send(
        &mut self,
        line: &str,
        content_type: &str,
        body: &[u8],
    ) -> anyhow::Result<(u16, &[u8])> {
        use std::io::Write;
        self.output.clear();
        write!(self.output, "{line} HTTP/1.1\r\nhost: bench\r\n{}", self.headers)?;
        if !body.is_empty() {
            let length = body.len();
            write!(self.output, "content-type: {content_type}\r\ncontent-length: {length}\r\n")?;
        }
        self.output.extend_from_slice(b"\r\n");
        self.output.extend_from_slice(body);
        self.stream.write_all(&self.output).await?;

        self.input.advance(self.read);
        self.read = 0;
        loop {
            if let Some(head) = parse(&self.input)? {
                self.read = head.body.end;
                return Ok((head.status, &self.input[head.body]));
            }
            self.input.reserve(READ);
            ensure!(self.stream.read_buf(&mut self.input).await? > 0, "the server hung up");
        }
    }
}

/// The first response, once all of it is here. Bodies must have a length: the bench's servers all
/// state it.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<Head>> {
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&bytes[..end]).context("a response's head")?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?;
    let mut length = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { bail!("a header without a colon") };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>().context("a response's length")?);
        }
    }
    let start = end + 4;
    let body = start..start + length.context("a response without a length")?;
    let whole = bytes.len() >= body.end;
    Ok(whole.then_some(Head { status: status.parse()?, body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_whole_or_awaited() {
        let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP";
        let head = parse(bytes).unwrap().unwrap();
        assert_eq!((head.status, &bytes[head.body]), (200, &b"hi"[..]));
        assert!(parse(&bytes[..20]).unwrap().is_none());
        assert!(parse(&bytes[..bytes.len() - 5]).unwrap().is_none());
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
