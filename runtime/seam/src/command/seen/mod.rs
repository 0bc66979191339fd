//! What units have counted and recorded, asked of all of them at once and put together: for the admin
//! listener, and for `traces`, `trace`, `slow`, `top`.

mod asking;
mod rates;
mod show;
mod slow;
mod tap;
mod top;
mod traces;

pub(super) use self::{
    asking::{TappedCalls, counts, is_of_unit, names, spans_of, tapped, traces},
    rates::{Now, Rates, quantile_us},
    show::{show_slow, show_trace, show_traces},
    slow::slow,
    tap::{PERIOD as TAP_PERIOD, TapArgs, tap},
    top::{Asked as TopAsked, Sort, top},
    traces::Trace,
};
