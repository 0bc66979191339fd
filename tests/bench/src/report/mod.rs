//! What the bench says: rows for machines, tables for people, progress meanwhile.

mod compare;
mod date;
mod figure;
mod number;
mod progress;
mod row;
mod table;

pub(crate) use compare::compare;
pub(crate) use figure::{Figure, Figures};
pub(crate) use number::number;
pub(crate) use progress::Progress;
pub(crate) use row::{BESIDE_SLOW, Labels, Row};
pub(crate) use table::print;
