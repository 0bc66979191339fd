//! How one figure comes about: a process of its own, a window of time, the OS's accounting.

mod affinity;
mod callers;
mod child;
mod control;
mod load;
mod rounds;
mod runtime;
mod sample;
mod usage;
mod window;

pub(crate) use affinity::{cores, pin};
pub(crate) use callers::{Ask, Caller, Load, call_from_tasks};
pub(crate) use child::Child;
pub(crate) use control::{announce, obey};
pub(crate) use load::under_load;
pub(crate) use rounds::{Entry, Group};
pub(crate) use runtime::runtime;
pub(crate) use sample::{Event, Sample, Timing};
pub(crate) use window::{Window, sleep_until, while_open};
