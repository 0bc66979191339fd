//! Which keys may be set while the app runs: those that are in force at once.

use seam_core::name::bare;

use super::super::{
    Config,
    problem::{near, nearest, ticked},
};

/// The keys, as people are told them.
const KEYS: [&str; 8] = [
    "log.level",
    "edge.rate",
    "edge.deadline",
    "trace.*",
    "calls.*",
    "services.NAME.mailbox",
    "services.NAME.calls.*",
    "services.NAME.breaker.refuse",
];

/// The levels of a key that may be set: the path to it in the tree.
///
/// # Errors
/// It is none of those; the reason, and what to do.
pub(super) fn levels(key: &str) -> Result<Vec<&str>, (String, String)> {
    match key.split_once('.') {
        Some(("log", "level")) | Some(("edge", "rate" | "deadline")) => {}
        Some(("trace" | "calls", inner)) if is_bare(inner) => {}
        Some(("services", rest)) => return of_service(rest).ok_or_else(|| refused(key)),
        _ => return Err(refused(key)),
    }
    Ok(key.split('.').collect())
}

/// A service's name may have dots itself.
fn of_service(rest: &str) -> Option<Vec<&str>> {
    let (before, last) = rest.rsplit_once('.')?;
    if let (Some(name), "refuse") = (before.strip_suffix(".breaker"), last) {
        return (!name.is_empty()).then(|| vec!["services", name, "breaker", last]);
    }
    let levels = match before.strip_suffix(".calls") {
        Some(name) if is_bare(last) => vec!["services", name, "calls", last],
        None if last == "mailbox" => vec!["services", before, last],
        _ => return None,
    };
    (!levels[1].is_empty()).then_some(levels)
}

/// Why a key can't be set in an app, if so: it is none of those, or of a service that the app hasn't.
pub(super) fn known(key: &str, config: &Config) -> Result<(), (String, String)> {
    let levels = levels(key)?;
    let ["services", name, ..] = levels[..] else { return Ok(()) };
    let names = || config.services.iter().map(|service| bare(&service.name));
    match names().any(|known| known == name) {
        true => Ok(()),
        false => {
            let reason = format!("unknown service `{name}`: this app has no such service");
            Err((reason, nearest(name, names())))
        }
    }
}

fn is_bare(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn refused(key: &str) -> (String, String) {
    let reason = format!("`{key}` can't be set while the app runs");
    let plain: Vec<&str> = KEYS.into_iter().filter(|known| !known.contains('*')).collect();
    let fix = match near(key, &plain) {
        Some(near) if !near.contains("NAME") => format!("did you mean `{near}`?"),
        _ => format!("write it into the config file; what can be set is {}", ticked(&KEYS)),
    };
    (reason, fix)
}
