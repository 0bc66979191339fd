//! What is wrong with what was sent.

/// A field can't be taken as it is.
#[seam::error]
pub enum Invalid {
    /// can't be blank
    Blank { field: String },
    /// has already been taken
    Taken { field: String },
}

/// Refuses a field that has nothing but space in it; one that isn't there is no matter.
pub(crate) fn filled<'a>(field: &str, text: impl Into<Option<&'a String>>) -> Result<(), Invalid> {
    match text.into() {
        Some(text) if text.trim().is_empty() => Err(Invalid::Blank { field: field.into() }),
        _ => Ok(()),
    }
}
