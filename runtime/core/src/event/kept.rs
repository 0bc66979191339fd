//! The form in which events are kept and carried: JSON, by the names of their fields.

use serde::de::DeserializeOwned;

use crate::codec::{Message, finite};

/// No event takes more as it is kept, in bytes: 64 KiB.
pub const MAX_EVENT: usize = 64 << 10;

/// The most bytes that are said of an event which can't be read: its names are a stranger's.
const LONGEST: usize = 512;

/// Why an event can't be kept, or read again. Nothing was published, and no handler has run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EventError {
    /// It takes so many bytes, more than [`MAX_EVENT`].
    #[error(
        "the event takes {0} bytes as JSON, and {MAX_EVENT} is the most: keep what is large in a \
         table, and let the event name it"
    )]
    TooLarge(usize),
    /// JSON can't say it.
    #[error("JSON can't say the event: {0}")]
    Unwritable(String),
    /// The bytes are no such event.
    #[error("the bytes are no such event: {0}")]
    Malformed(String),
}

impl EventError {
    /// A stable code, for machines: `too_large`, `unwritable` or `malformed`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge(_) => "too_large",
            Self::Unwritable(_) => "unwritable",
            Self::Malformed(_) => "malformed",
        }
    }
}

pub(super) fn write<E: Message>(event: &E) -> Result<Vec<u8>, EventError> {
    let json = finite::to_json(event).map_err(EventError::Unwritable)?;
    check_size(&json)?;
    Ok(json)
}

pub(super) fn read<E: DeserializeOwned>(bytes: &[u8]) -> Result<E, EventError> {
    check_size(bytes)?;
    serde_json::from_slice(bytes).map_err(|error| malformed(&error))
}

fn check_size(bytes: &[u8]) -> Result<(), EventError> {
    match bytes.len() {
        size if size > MAX_EVENT => Err(EventError::TooLarge(size)),
        _ => Ok(()),
    }
}

#[cold]
fn malformed(error: &serde_json::Error) -> EventError {
    let mut why = error.to_string();
    if why.len() > LONGEST {
        why.truncate(why.floor_char_boundary(LONGEST));
        why.push('…');
    }
    EventError::Malformed(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_that_an_event_takes_is_64_kib_as_json() {
        let quotes = 2;
        let most = "x".repeat(MAX_EVENT - quotes);
        let kept = write(&most).unwrap();
        assert_eq!((kept.len(), MAX_EVENT), (65_536, 65_536));
        assert_eq!(read(&kept), Ok(most.clone()));
        let error = write(&format!("{most}x")).unwrap_err();
        assert_eq!((&error, error.code()), (&EventError::TooLarge(65_537), "too_large"));
        assert!(error.to_string().contains("let the event name it"), "{error}");
        let larger = [b" ".as_slice(), &kept].concat();
        assert_eq!(read::<String>(&larger), Err(EventError::TooLarge(65_537)));
    }

    #[test]
    fn what_json_cannot_say_is_not_kept_as_something_else() {
        let error = write(&vec![1.0, f64::NAN]).unwrap_err();
        assert_eq!(error.code(), "unwritable");
    }

    #[test]
    fn what_is_said_of_long_names_is_short() {
        let bytes = format!(r#"{{"{}": 1}}"#, "é".repeat(5_000));
        let error = read::<std::collections::BTreeMap<u8, u8>>(bytes.as_bytes()).unwrap_err();
        assert_eq!(error.code(), "malformed");
        assert!(error.to_string().len() < 2 * LONGEST, "{error}");
    }
}
