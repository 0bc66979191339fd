//! What all suites stand on.

pub(crate) mod carriers;
pub(crate) mod chain;
pub(crate) mod foreign;
pub(crate) mod house;
pub(crate) mod lab;
pub(crate) mod probe;
pub(crate) mod remote;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Once;
use std::task::Poll;
use std::time::Duration;

/// Nothing here takes this long; a test that does has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Keeps the panics that handlers were told to have out of the output.
pub(crate) fn expect_panics() {
    const TOLD: [&str; 5] = ["told to", "alone", "beside", "echo", "the lab says panic"];
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !panic.payload_as_str().is_some_and(|text| TOLD.contains(&text)) {
                report(panic);
            }
        }));
    });
}

/// Polls a call once, whatever tokio's budget says.
pub(crate) async fn once<F: Future + Unpin>(call: &mut F) -> Poll<F::Output> {
    let mut call = tokio::task::unconstrained(call);
    poll_fn(|cx| Poll::Ready(Pin::new(&mut call).poll(cx))).await
}

/// Waits until `holds`, which is only ever a matter of time.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
        panic!("it never came to it: {what}");
    }
}

/// Waits for something that must come.
pub(crate) async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("it never came: {what}"),
    }
}
