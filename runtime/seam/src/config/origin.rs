//! Where a value of the config was written.

use std::{fmt, ops::Range, sync::Arc};

use super::{
    live::Setter,
    otlp::HEADERS,
    secret::{hidden, names_secret},
    source::Source,
    url::masked,
};

/// Where a value, or a problem, comes from.
#[derive(Clone, Default)]
pub enum Origin {
    /// Nobody wrote it: it is the default.
    #[default]
    Default,
    /// A place in the config file.
    File(Spot),
    /// An environment variable, by name.
    Env(Arc<str>),
    /// It was set while the app ran.
    Set(Arc<Setter>),
    /// A file as a whole, by name: it can't be read, or its text has no place to point at.
    Whole(Arc<str>),
}

/// A place in a config file: bytes of its text.
#[derive(Clone)]
pub struct Spot {
    source: Arc<Source>,
    span: Range<usize>,
}

impl Spot {
    /// The line, counted from 1.
    pub fn line(&self) -> usize {
        self.source.line(self.span.start)
    }

    /// The file's name, as the user gave it.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// The source line with a caret under the place, as two lines with a gutter.
    pub(super) fn excerpt(&self) -> String {
        let text = &self.source.text;
        let start = floor(text, self.span.start);
        let end = floor(text, self.span.end.max(start));
        let from = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let to = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[from..to].trim_end().replace('\t', " ");
        // In which the places of what stands behind it stay.
        let line = masked(&line, |password| "*".repeat(password.chars().count()));
        let header = text[..from].lines().rev().find(|line| line.trim_start().starts_with('['));
        let line = hidden(&line, header.unwrap_or_default());
        let column = text[from..start].chars().count();
        let width = text[start..end.min(to).max(start)].trim_end().chars().count().max(1);
        let number = self.line().to_string();
        let gutter = " ".repeat(number.len());
        let (indent, carets) = (" ".repeat(column), "^".repeat(width));
        format!("  {number} | {line}\n  {gutter} | {indent}{carets}")
    }
}

/// The nearest place at or before `at` where the text can be cut.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

impl Origin {
    /// A place in `source`.
    pub(super) fn at(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self::File(Spot { source: source.clone(), span })
    }

    /// The first line of `source`, for what no line of it says.
    pub(super) fn top(source: &Arc<Source>) -> Self {
        Self::at(source, 0..0)
    }

    /// Whether a value from here must not be printed: a variable whose name says that it is a
    /// secret. What the file says, its owner has written where others read it.
    pub(super) fn is_secret(&self) -> bool {
        let Self::Env(name) = self else { return false };
        if name.starts_with("SEAM__OTLP__HEADERS") || **name == *HEADERS {
            return true;
        }
        // SEAM, then two levels of tables and names: what is secret lies deeper.
        name.split("__").skip(3).any(names_secret)
    }

    /// Sorts problems: each file from top to bottom, then variables by name, then what was set.
    pub(super) fn rank(&self) -> (u8, &str, usize) {
        match self {
            Self::Whole(name) => (0, name, 0),
            Self::File(spot) => (1, spot.file(), spot.span.start),
            Self::Env(name) => (2, name, 0),
            Self::Set(_) => (3, "", 0),
            Self::Default => (4, "", 0),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(spot) => write!(f, "{}:{}", spot.file(), spot.line()),
            Self::Env(name) | Self::Whole(name) => f.write_str(name),
            Self::Set(setter) => setter.fmt(f),
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Origin({self})")
    }
}

impl fmt::Debug for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spot({}:{})", self.file(), self.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_their_names() {
        let secret = |key: &str| {
            Origin::Env(format!("SEAM__SERVICES__TOKEN__{key}").as_str().into()).is_secret()
        };
        for key in ["CONFIG__API_KEY", "CONFIG__DbPassword", "CONFIG__TOKENS__EU", "CONFIG__KEY"] {
            assert!(secret(key), "{key}");
        }
        for key in ["MAILBOX", "CONFIG__MONKEY", "CONFIG__MAX_CHARGE_CENTS"] {
            assert!(!secret(key), "{key}");
        }
        assert!(!Origin::Default.is_secret());
    }
}
