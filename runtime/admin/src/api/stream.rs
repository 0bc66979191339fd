//! Server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use crate::feed::{Feed, Told};

/// How long nothing may be said: so long it takes until somebody who has gone is noticed.
const SILENCE: Duration = Duration::from_secs(15);
/// What a browser hears first: how soon it may come again, in milliseconds.
const HELLO: &str = "retry: 1000\n\n";

/// Tells all of a feed to who holds `place`.
pub(super) fn events(feed: Feed, place: OwnedSemaphorePermit) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
    let hello = stream::iter([Ok(Bytes::from_static(HELLO.as_bytes()))]);
    response.streaming(hello.chain(chunks(feed, place)))
}

fn chunks(
    feed: Feed,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::unfold((feed, place), |(mut feed, place)| async {
        let chunk = match timeout(SILENCE, feed.next()).await {
            Ok(Some(Told::Json(json))) => format!("data: {json}\n\n"),
            Ok(Some(Told::Dropped(count))) => {
                format!("event: dropped\ndata: {{\"dropped\":{count}}}\n\n")
            }
            Ok(None) => return None,
            Err(_) => ": \n\n".to_owned(),
        };
        Some((Ok(chunk.into()), (feed, place)))
    })
}
