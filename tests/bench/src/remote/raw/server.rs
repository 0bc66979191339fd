//! The floor's server: read what is there, answer all of it, write once.

use std::hint::black_box;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::frame::{self, PRICE, TINY};
use crate::messages::{answer_price, answer_tiny};

const READ: usize = 64 * 1024;

/// Serves a connection until it ends; a broken one is dropped.
pub(crate) async fn serve(mut stream: TcpStream) {
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (mut input, mut output) = (BytesMut::with_capacity(READ), Vec::with_capacity(READ));
    loop {
        input.reserve(READ);
        match stream.read_buf(&mut input).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let Ok(read) = answer_all(&input, &mut output) else { return };
        input.advance(read);
        if stream.write_all(&output).await.is_err() {
            return;
        }
        output.clear();
    }
}

fn answer_all(input: &[u8], output: &mut Vec<u8>) -> anyhow::Result<usize> {
    let mut rest = input;
    while let Some((frame, after)) = frame::split(rest)? {
        let (header, body) = frame::call(frame)?;
        // A handler would hand the trace on.
        black_box(header.trace);
        let expired = header.deadline_ms == 0;
        match (header.service, header.method) {
            _ if expired => {}
            (0, TINY) => {
                frame::put_reply(output, header.call, &answer_tiny(frame::decode(body)?))?;
            }
            (0, PRICE) => {
                frame::put_reply(output, header.call, &answer_price(&frame::decode(body)?))?;
            }
            (service, method) => anyhow::bail!("no method {method} of service {service}"),
        }
        rest = after;
    }
    Ok(input.len() - rest.len())
}
