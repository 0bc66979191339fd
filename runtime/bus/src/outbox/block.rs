//! A row of the outbox: an event, or those that follow it and were committed together with it.

use seam_store::StoreError;

use crate::intake::Position;
use crate::record::{Record, RecordRef};

/// A row takes no more bytes than this, unless it is a single event: larger ones are dearer to the store.
pub(super) const MOST: usize = 4 * 1024;
/// What stands before an event: how many bytes it has.
const HEAD: usize = 4;

/// An event as a row has it.
pub(super) fn framed(record: RecordRef<'_>) -> Result<Vec<u8>, StoreError> {
    let mut frame = vec![0; HEAD];
    record.write(&mut frame)?;
    let len = u32::try_from(frame.len() - HEAD).map_err(|_| corrupt("an event is too large"))?;
    frame[..HEAD].copy_from_slice(&len.to_be_bytes());
    Ok(frame)
}

/// A row, as it was read.
#[derive(Debug)]
pub(super) struct Block {
    /// The position of its first event, which is its key.
    pub(super) start: Position,
    bytes: Vec<u8>,
}

impl Block {
    pub(super) fn read((key, bytes): (Vec<u8>, Vec<u8>)) -> Result<Self, StoreError> {
        let start = key.as_slice().try_into().map(Position::from_be_bytes);
        let start = start.map_err(|_| corrupt("a key is no position"))?;
        Ok(Self { start, bytes })
    }

    /// How many bytes it has.
    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The position after its last event.
    pub(super) fn end(&self) -> Result<Position, StoreError> {
        let frames = frames(&self.bytes).try_fold(0, |count, frame| frame.map(|_| count + 1))?;
        Ok(self.start + frames)
    }

    /// Its events.
    pub(super) fn events(
        &self,
    ) -> impl Iterator<Item = Result<(Position, Record), StoreError>> + '_ {
        let read = |(position, frame): (Position, Result<&[u8], StoreError>)| {
            Ok((position, Record::from_bytes(frame?)?))
        };
        (self.start..).zip(frames(&self.bytes)).map(read)
    }
}

fn frames(mut bytes: &[u8]) -> impl Iterator<Item = Result<&[u8], StoreError>> {
    std::iter::from_fn(move || {
        if bytes.is_empty() {
            return None;
        }
        let cut = bytes
            .split_first_chunk::<HEAD>()
            .and_then(|(head, rest)| rest.split_at_checked(u32::from_be_bytes(*head) as usize));
        let Some((frame, rest)) = cut else {
            bytes = &[];
            return Some(Err(corrupt("a row is cut off")));
        };
        bytes = rest;
        Some(Ok(frame))
    })
}

fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt { cause: format!("in the outbox, {what}") }
}

#[cfg(test)]
mod tests {
    use super::super::tests::record;
    use super::*;

    #[test]
    fn a_row_has_one_event_or_several() {
        let row = ["a", "b", ""].map(|body| framed(record(body).borrowed()).unwrap()).concat();
        let block = Block::read((7_u64.to_be_bytes().into(), row.clone())).unwrap();
        assert_eq!((block.start, block.end()), (7, Ok(10)));
        let events: Result<Vec<_>, _> = block.events().collect();
        let expected = [(7, record("a")), (8, record("b")), (9, record(""))];
        assert_eq!(events.unwrap(), expected);
        for cut in 1..row.len() {
            let block = Block::read((7_u64.to_be_bytes().into(), row[..cut].to_vec())).unwrap();
            let whole = block.events().filter(Result::is_ok).count();
            assert!(whole < 3, "{cut}");
        }
        assert!(Block::read((b"7".to_vec(), row)).is_err());
    }
}
