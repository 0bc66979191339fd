//! What a response holds, as actix writes it: a stream is asked for more only when there is room in
//! the connection's buffer, and is dropped when the client goes away.

use std::io;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_http::body::{BodySize, MessageBody};
use bytes::Bytes;

use crate::response::Content;

impl MessageBody for Content {
    type Error = io::Error;

    fn size(&self) -> BodySize {
        match self {
            Self::Bytes(bytes) => BodySize::Sized(bytes.len() as u64),
            Self::Stream { length: Some(length), .. } => BodySize::Sized(*length),
            Self::Stream { length: None, .. } => BodySize::Stream,
        }
    }

    fn poll_next(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, io::Error>>> {
        match self.get_mut() {
            Self::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Bytes(bytes) => Poll::Ready(Some(Ok(mem::take(bytes)))),
            Self::Stream { chunks, .. } => chunks.as_mut().poll_next(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use futures_util::{StreamExt, stream};

    use super::*;

    #[tokio::test]
    async fn a_stream_is_asked_piece_by_piece() {
        let pieces = stream::iter(["a", "b"]).map(|piece| Ok(Bytes::from(piece)));
        let mut content = Content::Stream { length: None, chunks: Box::pin(pieces) };
        assert_eq!(content.size(), BodySize::Stream);
        let mut read = Vec::new();
        while let Some(piece) = poll_fn(|cx| Pin::new(&mut content).poll_next(cx)).await {
            read.push(piece.unwrap());
        }
        assert_eq!(read, ["a", "b"]);
    }
}
