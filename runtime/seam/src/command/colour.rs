//! Whether standard error takes colours.

use std::io::{self, IsTerminal};

/// Set for the children of an `up` on a terminal: their standard error is a pipe to it.
const FORCE: &str = "CLICOLOR_FORCE";

/// A terminal, or a pipe to one; never where `NO_COLOR` is set.
pub(super) fn wanted() -> bool {
    wanted_if(io::stderr().is_terminal())
}

/// The same of another stream that is a terminal or isn't.
pub(super) fn wanted_if(terminal: bool) -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    !set("NO_COLOR") && (set(FORCE) || terminal)
}

/// The environment of a child whose output we pass on.
pub(super) fn mark() -> Option<(&'static str, &'static str)> {
    wanted().then_some((FORCE, "1"))
}
