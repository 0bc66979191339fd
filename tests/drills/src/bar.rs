//! What was promised, and what was reached.

use std::fmt;

/// One promise.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    what: String,
    aim: String,
    reached: String,
    met: bool,
}

impl Bar {
    /// A figure that is to be no more than `aim`.
    pub(crate) fn at_most(what: impl Into<String>, aim: f64, reached: f64) -> Self {
        let (aim_text, met) = (format!("≤ {aim}"), reached <= aim);
        Self { what: what.into(), aim: aim_text, reached: format!("{reached:.3}"), met }
    }

    /// A figure that is to be no less than `aim`.
    pub(crate) fn at_least(what: impl Into<String>, aim: f64, reached: f64) -> Self {
        let (aim_text, met) = (format!("≥ {aim}"), reached >= aim);
        Self { what: what.into(), aim: aim_text, reached: format!("{reached:.3}"), met }
    }

    /// Something of which there is to be none: all there are, or the first few.
    pub(crate) fn none<T: fmt::Display>(what: impl Into<String>, found: &[T]) -> Self {
        let examples: Vec<_> = found.iter().take(3).map(ToString::to_string).collect();
        let reached = match found.len() {
            0 => "0".to_owned(),
            count => format!("{count}: {}", examples.join("; ")),
        };
        Self { what: what.into(), aim: "0".into(), reached, met: found.is_empty() }
    }

    /// Something that holds or doesn't, and what was found.
    pub(crate) fn holds(what: impl Into<String>, met: bool, found: impl fmt::Display) -> Self {
        Self { what: what.into(), aim: "yes".into(), reached: found.to_string(), met }
    }

    /// What is told, and promised nowhere.
    pub(crate) fn told(what: impl Into<String>, found: impl fmt::Display) -> Self {
        Self { what: what.into(), aim: "–".into(), reached: found.to_string(), met: true }
    }

    /// Whether it is as promised.
    pub(crate) fn met(&self) -> bool {
        self.met
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, aim, reached, met } = self;
        let mark = if *met { "ok    " } else { "MISSED" };
        write!(f, "{mark} {what:<52} {aim:>8}   {reached}")
    }
}
