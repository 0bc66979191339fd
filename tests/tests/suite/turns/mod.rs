//! The rules of turns (DESIGN §7, "Turns" and "Outcomes"), on every lane and over every route.

mod bare;
mod bound;
mod context;
mod crowds;
mod cycles;
mod deadlines;
mod homes;
mod inner;
mod leaving;
mod order;
mod panics;
mod renewal;
mod starting;
mod stopping;
mod strangers;

/// Makes a test per mode of each function: `rule: Inline Arbiter;`.
macro_rules! in_modes {
    ($($rule:ident: $($mode:ident)+;)+) => {$(
        mod $rule {
            $(
                #[allow(non_snake_case)]
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $mode() {
                    let rule = super::$rule($crate::support::house::Mode::$mode);
                    $crate::support::soon(stringify!($rule), rule).await;
                }
            )+
        }
    )+};
}
use in_modes;
