//! `config rollback N`: the config file is again what it was in a former version.

use std::io;

use serde_json::{Value as Json, json};

use super::{
    super::{
        Failure,
        reload::{self, What},
    },
    Centre,
    act::Act,
    history::Version,
    lock::Lock,
    note::Note,
    written::written,
};
use crate::config::{Kept, Source, now};

/// What came of it.
#[derive(Clone, Debug)]
pub(in crate::command) struct RolledBack {
    /// The version that was gone back to.
    to: u64,
    /// The last one before; none if nothing has run yet.
    before: Option<u64>,
    /// The one that is in force now; none if nothing runs.
    version: Option<u64>,
    config_version: String,
    /// What doesn't work by it.
    pub(in crate::command) failed: Vec<String>,
}

/// Writes the files as they were in that version, and has all that runs take them. If that is refused,
/// they are as they were.
pub(in crate::command) async fn rollback(
    centre: &Centre,
    by: &str,
    to: u64,
) -> Result<RolledBack, Failure> {
    let _lock = Lock::take(&centre.data).await?;
    let history = centre.history();
    let version = history.get(to).map_err(unread)?;
    let version = version.ok_or_else(|| missing(to, &history.numbers().unwrap_or_default()))?;
    let before = centre.files.read()?;
    let last = history.last_number();
    let next = Source::from(version.source.clone());
    same_profile(&version, &before)?;
    let set = Kept::new(&centre.data).holding(now())?;
    let config = (centre.parse)(&Source { set, ..next.clone() })
        .map_err(|problems| Failure::usage(format!("{problems}\n\nnothing has changed")))?;
    let config_version = config.version().to_owned();
    let act = Act { by: by.to_owned(), how: format!("rollback to {to}") };
    let note = Note::leave(&centre.data, &config_version, &act);
    let _note = note.map_err(unwritten)?;
    written(&centre.files, &before, &next)?;
    let outcome = reload::of_all(&centre.data, What::Files).await?;
    if !outcome.invalid.is_empty() {
        written(&centre.files, &next, &before)?;
        // Who has taken it goes by the former one again.
        let _ = reload::of_all(&centre.data, What::Files).await;
        return Err(outcome.refused(false));
    }
    let version = history.number_of(&config_version).filter(|_| outcome.heard);
    Ok(RolledBack { to, before: last, version, config_version, failed: outcome.failed })
}

/// A version that had another profile can't be had by this one's files.
fn same_profile(version: &Version, now: &Source) -> Result<(), Failure> {
    let then = version.source.over.as_ref().map(|over| over.profile.as_str());
    let now = now.over.as_ref().map(|over| over.profile.as_str());
    let named = |profile: Option<&str>| match profile {
        Some(profile) => format!("of profile `{profile}`"),
        None => "without a profile".to_owned(),
    };
    match then == now {
        true => Ok(()),
        false => {
            let option = then.map_or(String::new(), |then| format!("--profile {then}"));
            let (number, then, now) = (version.version, named(then), named(now));
            let fix = match option.as_str() {
                "" => "leave --profile out, and SEAM_PROFILE",
                option => option,
            };
            Err(Failure::usage(format!("version {number} is {then}, this is {now}\n  fix: {fix}")))
        }
    }
}

fn missing(to: u64, kept: &[u64]) -> Failure {
    let fix = match kept {
        [] => "none is kept yet: the first start of the app makes version 1".to_owned(),
        [first, .., last] => format!("versions {first} to {last} are kept: see `config history`"),
        [only] => format!("version {only} is kept, and no other"),
    };
    Failure::usage(format!("there is no version {to}\n  fix: {fix}"))
}

fn unread(error: io::Error) -> Failure {
    Failure::other(format!("the config's versions can't be read: {error}"))
}

fn unwritten(error: io::Error) -> Failure {
    Failure::other(format!("the data folder can't be written: {error}\n  fix: make it writable"))
}

impl RolledBack {
    /// The number of the version before, if there was one, and of the one that is in force now, if any is.
    pub(in crate::command) fn change(&self) -> (Json, Option<Json>) {
        (json!(self.before), self.version.map(Json::from))
    }

    /// For scripts: `{"ok", "version", "configVersion", "to"}`.
    pub(in crate::command) fn to_json(&self) -> Json {
        let Self { to, version, config_version, failed, .. } = self;
        let ok = failed.is_empty();
        let mut all =
            json!({ "ok": ok, "version": version, "configVersion": config_version, "to": to });
        if !ok {
            all["reason"] = json!(failed.join("; "));
        }
        all
    }

    /// For people.
    pub(in crate::command) fn line(&self) -> String {
        let Self { to, version, config_version, .. } = self;
        match version {
            Some(version) => {
                format!("in force: version {version}, config {config_version}, as version {to} was")
            }
            None => format!("the config file is as in version {to}; nothing runs"),
        }
    }
}
