//! What is wrong with a config, said so that it can be put right.

use std::fmt;

use super::origin::Origin;

/// One thing that is wrong: where, why, and what to do.
///
/// ```text
/// app.toml:12: unknown key `mailbx` in [services.payment]
///   12 | mailbx = 10
///      | ^^^^^^
///   fix: did you mean `mailbox`?
/// ```
#[derive(Clone, Debug)]
pub struct Problem {
    /// The line or the variable that has to change.
    pub origin: Origin,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub fix: String,
}

impl Problem {
    /// A problem with its way out.
    pub fn new(origin: &Origin, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { origin: origin.clone(), reason: reason.into(), fix: fix.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Default => write!(f, "app: {}", self.reason)?,
            origin => write!(f, "{origin}: {}", self.reason)?,
        }
        if let Origin::File(spot) = &self.origin {
            write!(f, "\n{}", spot.excerpt())?;
        }
        write!(f, "\n  fix: {}", self.fix)
    }
}

/// All that is wrong with a config, in the order of its lines. Never empty as an error.
///
/// The command line prints it to standard error and ends with exit code 2.
#[derive(Clone, Debug, Default, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl FromIterator<Problem> for Problems {
    fn from_iter<I: IntoIterator<Item = Problem>>(problems: I) -> Self {
        let mut problems: Vec<_> = problems.into_iter().collect();
        problems.sort_by(|a, b| a.origin.rank().cmp(&b.origin.rank()));
        Self(problems)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

/// The fix for a name that isn't known: the nearest one that is, or all of them.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match near(name, &known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "take it out: there is nothing that it could name".into(),
        None => format!("use one of {}, or take it out", ticked(&known)),
    }
}

/// The name that is known and was meant, probably.
pub(super) fn near<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    known
        .iter()
        .map(|known| (strsim::damerau_levenshtein(&name.to_lowercase(), known), *known))
        .filter(|(distance, known)| *distance <= 1 + known.len().max(name.len()) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, near)| near)
}

/// Names in backticks, with commas.
pub(super) fn ticked<S: AsRef<str>>(names: &[S]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}
