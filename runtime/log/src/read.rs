//! Reading a stretch of records.

use std::ops::ControlFlow;

use tokio::sync::watch;

use crate::{LogError, Position, Record, ends::Ends, engine::Engine};

/// Some records, as [`Log::read`](crate::Log::read) found them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Records in order, without gaps, from the position that was asked for.
    pub records: Vec<Record>,
    /// The first position that is left in the log.
    pub first: Position,
    /// The log's last position.
    pub head: Position,
}

/// Reads from a position, which is there still, or one that is yet to come.
pub(crate) fn read(
    engine: &Engine,
    ends: &watch::Receiver<Ends>,
    from: Position,
    max_records: usize,
    max_bytes: usize,
) -> Result<Batch, LogError> {
    let from = from.max(1);
    let head = untrimmed(ends, from)?.head;
    let mut records = Vec::new();
    let mut bytes = 0;
    let mut damaged = None;
    if max_records > 0 {
        engine.visit(from..=head, |position, value| {
            let expected = from + records.len() as Position;
            if !records.is_empty() && bytes + value.len() > max_bytes {
                return ControlFlow::Break(());
            }
            match Record::decode(position, value) {
                Some(record) if position == expected => records.push(record),
                _ => {
                    damaged = Some(expected);
                    return ControlFlow::Break(());
                }
            }
            bytes += value.len();
            if records.len() < max_records {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        })?;
    }
    // What went missing while it was read was trimmed meanwhile, if anything was.
    let Ends { first, head: newest, .. } = untrimmed(ends, from)?;
    if records.is_empty() && max_records > 0 && from <= head {
        damaged = Some(from);
    }
    match damaged {
        Some(position) => Err(engine.damaged(position)),
        None => Ok(Batch { records, first, head: newest }),
    }
}

fn untrimmed(ends: &watch::Receiver<Ends>, from: Position) -> Result<Ends, LogError> {
    let ends = ends.borrow().clone();
    if from < ends.first { Err(LogError::Trimmed { from, first: ends.first }) } else { Ok(ends) }
}
