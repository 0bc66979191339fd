//! An answer on its way out: h2 is given what its client takes, and no more.

use std::future::poll_fn;
use std::task::Poll;

use bytes::Bytes;
use futures_util::StreamExt;
use h2::server::SendResponse;
use h2::{Reason, SendStream};

use super::date;
use super::stream::On;
use crate::http::StatusCode;
use crate::http::header::{self, HeaderName, HeaderValue};
use crate::http::waits::Stall;
use crate::response::{Chunks, Content, Response};

/// What is asked for at once: a frame, so that streams take turns.
const PIECE: usize = 16 << 10;
/// How many times as long as others an answer may wait whose connection gets on: its turn may come.
const TURNS: u32 = 6;

/// Why an answer isn't sent to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsent {
    /// Nobody wants it any more, or it has broken off.
    Gone,
    /// Its client takes nothing of it.
    Stalled,
}

/// Sends an answer.
pub(super) async fn send(
    out: &mut SendResponse<Bytes>,
    response: Response,
    is_head: bool,
    on: &On,
) -> Result<(), Unsent> {
    let Response { status, headers, content, .. } = response;
    let has_content = !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let length = match &content {
        Content::Bytes(bytes) => Some(bytes.len() as u64),
        Content::Stream { length, .. } => *length,
    };
    let is_over = is_head || !has_content || length == Some(0);
    let head = head(status, headers, length.filter(|_| has_content)).ok_or(Unsent::Gone)?;
    let mut stream = out.send_response(head, is_over).map_err(|_| Unsent::Gone)?;
    if is_over {
        return Ok(());
    }
    let sent = match content {
        Content::Bytes(bytes) => piece(&mut stream, bytes, true, on).await,
        Content::Stream { length, chunks } => chunked(&mut stream, length, chunks, on).await,
    };
    if sent == Err(Unsent::Stalled) {
        stream.send_reset(Reason::CANCEL);
    }
    sent
}

/// The head of an answer, without what only HTTP/1.1 has.
fn head(
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    length: Option<u64>,
) -> Option<http::Response<()>> {
    let mut head = http::Response::new(());
    *head.status_mut() = http::StatusCode::from_u16(status.as_u16()).ok()?;
    let fields = head.headers_mut();
    fields.reserve(headers.len() + 2);
    for (name, value) in headers {
        let kept = match name {
            header::CONNECTION | header::TRANSFER_ENCODING | header::UPGRADE => false,
            header::CONTENT_LENGTH => status == StatusCode::NOT_MODIFIED,
            ref name => !matches!(name.as_str(), "keep-alive" | "proxy-connection"),
        };
        if kept {
            let name = http::HeaderName::from_bytes(name.as_str().as_bytes()).ok()?;
            fields.append(name, http::HeaderValue::from_bytes(value.as_bytes()).ok()?);
        }
    }
    if let Some(length) = length {
        fields.insert(http::header::CONTENT_LENGTH, length.into());
    }
    if !fields.contains_key(http::header::DATE) {
        fields.insert(http::header::DATE, date::now());
    }
    Some(head)
}

/// Sends what comes bit by bit.
async fn chunked(
    stream: &mut SendStream<Bytes>,
    length: Option<u64>,
    mut chunks: Chunks,
    on: &On,
) -> Result<(), Unsent> {
    let mut left = length;
    loop {
        let next = poll_fn(|cx| match stream.poll_reset(cx) {
            Poll::Ready(_) => Poll::Ready(Err(Unsent::Gone)),
            Poll::Pending => chunks.poll_next_unpin(cx).map(Ok),
        });
        let Some(next) = next.await? else { break };
        let fits = next.ok().and_then(|bytes| match &mut left {
            Some(left) => {
                *left = left.checked_sub(bytes.len() as u64)?;
                Some(bytes)
            }
            None => Some(bytes),
        });
        let Some(bytes) = fits else {
            // Its head is out: this tells the client that what it has isn't all.
            stream.send_reset(Reason::INTERNAL_ERROR);
            return Err(Unsent::Gone);
        };
        piece(stream, bytes, false, on).await?;
    }
    if left.is_some_and(|left| left > 0) {
        stream.send_reset(Reason::INTERNAL_ERROR);
        return Err(Unsent::Gone);
    }
    stream.send_data(Bytes::new(), true).map_err(|_| Unsent::Gone)
}

/// Sends some bytes, frame by frame.
async fn piece(
    stream: &mut SendStream<Bytes>,
    mut bytes: Bytes,
    is_last: bool,
    on: &On,
) -> Result<(), Unsent> {
    while !bytes.is_empty() {
        let wanted = bytes.len().min(PIECE);
        let some = granted(stream, wanted, on).await?;
        let part = bytes.split_to(some.min(wanted));
        let is_last = is_last && bytes.is_empty();
        stream.send_data(part, is_last).map_err(|_| Unsent::Gone)?;
    }
    Ok(())
}

/// How much the client takes now, up to what is wanted.
async fn granted(stream: &mut SendStream<Bytes>, wanted: usize, on: &On) -> Result<usize, Unsent> {
    stream.reserve_capacity(wanted);
    let (mut stall, mut turns, mut written) = (Stall::default(), 0, on.watch.written());
    poll_fn(|cx| {
        loop {
            match stream.capacity() {
                0 => {}
                some => return Poll::Ready(Ok(some)),
            }
            match stream.poll_capacity(cx) {
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(_) => return Poll::Ready(Err(Unsent::Gone)),
                Poll::Pending => break,
            }
        }
        while stall.is_over(on.limits.write_time, cx) {
            turns += 1;
            if on.watch.written() == written || turns >= TURNS {
                return Poll::Ready(Err(Unsent::Stalled));
            }
            written = on.watch.written();
            stall.end();
        }
        Poll::Pending
    })
    .await
}
