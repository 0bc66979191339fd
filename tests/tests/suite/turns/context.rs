//! What travels with a call: deadline, trace, and who waits for it.

use std::sync::Arc;

use seam::context::{CallContext, TraceState, in_context};
use seam::prelude::*;

use super::in_modes;
use crate::support::chain::{Order, Row};
use crate::support::house::Mode;

in_modes! {
    one_trace_and_one_chain: Inline Arbiter Encoded Remote;
    each_call_from_outside_has_a_trace_of_its_own: Inline Arbiter Encoded Remote;
    a_turn_knows_its_method: Inline Arbiter Encoded Remote;
    what_other_tracers_say_travels: Inline Arbiter Encoded Remote;
    the_deadline_travels: Inline Arbiter Encoded Remote;
    an_inner_call_has_no_more_time_than_its_turn: Inline Arbiter Encoded Remote;
    seam_spawn_keeps_the_context: Inline Arbiter Encoded Remote;
    tokio_spawn_loses_it_but_the_caller_is_known: Inline Arbiter Encoded Remote;
}

const WHOLE: [&str; 3] = ["front front", "middle front middle", "back front middle back"];

async fn one_trace_and_one_chain(mode: Mode) {
    let row = Row::open(mode).await;
    assert_eq!(row.front.go(Order::Answer).await, Ok(42));
    assert_eq!(row.lab.all("chain "), WHOLE);
    let traces = row.lab.all("trace ");
    assert_eq!(traces.len(), 3);
    assert!(traces.iter().all(|trace| *trace == traces[0]), "{traces:?}");
    row.close().await;
}

async fn each_call_from_outside_has_a_trace_of_its_own(mode: Mode) {
    let row = Row::open(mode).await;
    row.front.go(Order::Answer).await.unwrap();
    row.front.go(Order::Answer).await.unwrap();
    let traces = row.lab.all("trace ");
    assert_ne!(traces[0], traces[3]);
    assert!(seam::context::current().is_none(), "nothing of it stays with the caller");
    row.close().await;
}

async fn a_turn_knows_its_method(mode: Mode) {
    let row = Row::open(mode).await;
    row.front.go(Order::Spawned).await.unwrap();
    let sites = ["front front.go", "middle middle.pass_on", "back back.do_it"];
    assert_eq!(row.lab.all("site "), sites);
    assert_eq!(seam::context::site(), None);
    row.close().await;
}

async fn what_other_tracers_say_travels(mode: Mode) {
    let row = Row::open(mode).await;
    let mut context = CallContext::root();
    context.set_tracestate(TraceState::read(["foo=1", "bar=2"]));
    in_context(Arc::new(context), row.front.go(Order::Spawned)).await.unwrap();
    row.front.go(Order::Answer).await.unwrap();
    let (said, none) = (|who| format!("{who} foo=1,bar=2"), |who| format!("{who} none"));
    let expected = [["front", "middle", "back"].map(said), ["front", "middle", "back"].map(none)];
    assert_eq!(row.lab.all("state "), expected.concat());
    row.close().await;
}

async fn the_deadline_travels(mode: Mode) {
    let row = Row::open(mode).await;
    row.front.go(Order::Answer).deadline(secs(2)).await.unwrap();
    for left in row.lab.all("left ") {
        assert!(left.parse::<u64>().unwrap() <= 2_000, "{left}");
    }
    row.front.go(Order::Answer).deadline(secs(60)).await.unwrap();
    // The default deadline of 5 s holds for each call: the earlier of the two.
    let left: Vec<u64> = row.lab.all("left ").iter().map(|left| left.parse().unwrap()).collect();
    assert!(left[3] > 5_000 && left[3] <= 60_000, "{left:?}");
    assert!(left[4] <= 5_000 && left[5] <= left[4], "{left:?}");
    row.close().await;
}

async fn an_inner_call_has_no_more_time_than_its_turn(mode: Mode) {
    let row = Row::open(mode).await;
    row.front.go(Order::MoreTime).deadline(secs(2)).await.unwrap();
    let left: Vec<u64> = row.lab.all("left ").iter().map(|left| left.parse().unwrap()).collect();
    assert!(left[2] <= 2_000, "{left:?}");
    row.close().await;
}

async fn seam_spawn_keeps_the_context(mode: Mode) {
    let row = Row::open(mode).await;
    assert_eq!(row.front.go(Order::Spawned).deadline(secs(2)).await, Ok(42));
    assert_eq!(row.lab.all("chain "), WHOLE);
    let traces = row.lab.all("trace ");
    assert_eq!(traces[0], traces[2]);
    let left = row.lab.all("left ").pop().unwrap();
    assert!(left.parse::<u64>().unwrap() <= 2_000, "{left}");
    row.close().await;
}

async fn tokio_spawn_loses_it_but_the_caller_is_known(mode: Mode) {
    let row = Row::open(mode).await;
    assert_eq!(row.front.go(Order::SpawnedPlainly).await, Ok(42));
    let chain = row.lab.all("chain ");
    assert_eq!(chain[2], "back middle back");
    let traces = row.lab.all("trace ");
    assert_ne!(traces[0], traces[2]);
    row.close().await;
}
