//! Texts in which nothing ends what they stand in.

use std::fmt::{self, Display, Write};

/// A label's value, as it stands between quotes.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.0.split_inclusive(['\\', '"', '\n']) {
            let mut chars = part.chars();
            match chars.next_back() {
                Some('\\') => write!(f, "{}\\\\", chars.as_str())?,
                Some('"') => write!(f, "{}\\\"", chars.as_str())?,
                Some('\n') => write!(f, "{}\\n", chars.as_str())?,
                Some(last) => {
                    f.write_str(chars.as_str())?;
                    f.write_char(last)?;
                }
                None => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_value_is_escaped() {
        assert_eq!(Escaped("a\"b\\c\nd").to_string(), "a\\\"b\\\\c\\nd");
        assert_eq!(Escaped("ä\"").to_string(), "ä\\\"");
        assert_eq!(Escaped("").to_string(), "");
    }
}
