//! A failed inner call that a handler passes on with a `?`.

use seam::prelude::*;

use super::in_modes;
use crate::support::chain::{ChainError, Order, Row};
use crate::support::house::Mode;

in_modes! {
    a_service_error_inside_is_named: Inline Arbiter Encoded Remote;
    an_unknown_outcome_inside_is_named: Inline Arbiter Encoded Remote;
    a_call_not_executed_inside_is_named: Inline Arbiter Encoded Remote;
}

async fn a_service_error_inside_is_named(mode: Mode) {
    passed_on(mode, Order::Refuse, "No").await;
}

async fn an_unknown_outcome_inside_is_named(mode: Mode) {
    passed_on(mode, Order::Panic, "outcome unknown: the handler panicked").await;
}

async fn a_call_not_executed_inside_is_named(mode: Mode) {
    let cause = "not executed: the deadline passed before the turn began";
    passed_on(mode, Order::NoTime, cause).await;
}

/// What `order` comes to, if the innermost call fails for that cause.
async fn passed_on(mode: Mode, order: Order, cause: &str) {
    let row = Row::open(mode).await;
    let error = row.front.go(order).await.unwrap_err();
    let expected = InnerError {
        service: "middle".into(),
        method: "pass_on".into(),
        cause: format!("outcome unknown: back.do_it failed: {cause}").into(),
    };
    assert_eq!(error, CallError::<ChainError>::Unknown(Unknown::Inner(expected)));
    assert_eq!(row.front.go(Order::Answer).await, Ok(42), "everybody goes on");
    row.close().await;
}
