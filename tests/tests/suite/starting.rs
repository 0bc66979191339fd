//! Units on their way: who waits for whom.

use std::time::{Duration, Instant};

use crate::support::chain::{FrontClient, Order, row};
use crate::support::lab::Lab;
use crate::support::{soon, until};

/// The outer one hosts `front` and `back`, the inner one `middle`: each calls the other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn units_that_need_each_other_start_as_fast_as_others() {
    let (lab, folder) = (Lab::open(), tempfile::tempdir().unwrap());
    let (app, settings) = row(&lab);
    let data = folder.path().display();
    let app = app.config_text(format!(
        "[app]\nname = \"suite\"\nthreads = 1\ndata = \"{data}\"\n{settings}\n\
         [units.outer]\nservices = [\"front\", \"back\"]\n\
         [units.inner]\nservices = [\"middle\"]\n\
         [topologies]\ntwo = [\"outer\", \"inner\"]\n"
    ));
    let began = Instant::now();
    let (outer, inner) = (app.clone().unit("outer").start(), app.unit("inner").start());
    let (outer, inner) = soon("both units", async { tokio::join!(outer, inner) }).await;
    let (outer, inner) = (outer.unwrap(), inner.unwrap());
    // They would wait for each other for two seconds.
    assert!(began.elapsed() < Duration::from_millis(1_900), "{:?}", began.elapsed());
    until("both are ready", async || outer.ready().await.is_ok() && inner.ready().await.is_ok())
        .await;
    let front: FrontClient = outer.client().unwrap();
    assert_eq!(front.go(Order::Answer).await, Ok(42), "through one, the other, and back");
    soon("the end of both", async { tokio::join!(outer.stop(), inner.stop()) }).await;
}
