//! Rows as bytes: MessagePack with field names, so that a release with more fields reads them.

use seam_store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::intake::Position;

pub(crate) fn write(row: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    write_to(&mut bytes, row)?;
    Ok(bytes)
}

/// The same, added to other bytes.
pub(crate) fn write_to(bytes: &mut Vec<u8>, row: &impl Serialize) -> Result<(), StoreError> {
    rmp_serde::encode::write_named(bytes, row).map_err(|error| corrupt(&error.to_string()))
}

pub(crate) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    rmp_serde::from_slice(bytes).map_err(|error| corrupt(&error.to_string()))
}

/// A position, as keys and rows have it.
pub(crate) fn position(bytes: &[u8]) -> Result<Position, StoreError> {
    let bytes = bytes.try_into().map_err(|_| corrupt("a position of another length"))?;
    Ok(Position::from_be_bytes(bytes))
}

fn corrupt(cause: &str) -> StoreError {
    StoreError::Corrupt { cause: format!("a row of the bus: {cause}") }
}
