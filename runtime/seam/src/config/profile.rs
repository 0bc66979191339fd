//! Profiles: `--profile prod` lays `app.prod.toml` over `app.toml`.
//!
//! Tables are merged, key by key; any other value, a list too, takes the place of the one below.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{
    load::check_name,
    origin::Origin,
    problem::{Problem, Problems},
    source::text_of,
    tree::{Kind, Table},
};

/// The variable that names a profile where the command line doesn't.
const VARIABLE: &str = "SEAM_PROFILE";

/// The name of a profile, e.g. `prod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Profile(String);

/// The file of a profile, as it was read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Over {
    /// The profile's name.
    pub(crate) profile: String,
    /// The file's name, as messages give it.
    pub(crate) name: String,
    /// The whole file.
    pub(crate) text: String,
}

impl Profile {
    /// The one that the command line names, or else the environment; an empty name is none.
    ///
    /// # Errors
    /// The name can't be part of a file's name.
    pub(crate) fn chosen<'e>(
        named: Option<&str>,
        env: impl IntoIterator<Item = &'e (String, String)>,
    ) -> Result<Option<Self>, Problems> {
        let variable = env.into_iter().find(|(name, _)| name == VARIABLE);
        let (name, by) = match (named, variable) {
            (Some(name), _) => (name, Origin::Whole("--profile".into())),
            (None, Some((variable, name))) => {
                (name.as_str(), Origin::Env(variable.as_str().into()))
            }
            (None, None) => return Ok(None),
        };
        if name.is_empty() {
            return Ok(None);
        }
        let wrong = |(reason, fix): (String, String)| Problem::new(&by, reason, fix);
        check_name("a profile", name).map_err(wrong)?;
        Ok(Some(Self(name.to_owned())))
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.0
    }

    /// Its file, beside the file that it lies over: `conf/app.prod.toml` for `conf/app.toml`.
    pub(super) fn of(&self, file: &Path) -> PathBuf {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        let ending = file.extension().map(|ending| format!(".{}", ending.to_string_lossy()));
        file.with_file_name(format!("{name}.{}{}", self.0, ending.unwrap_or_default()))
    }
}

impl Over {
    /// Reads the file of a profile.
    ///
    /// # Errors
    /// It isn't there, can't be read, or is too long.
    pub(super) fn read(profile: &Profile, path: &Path) -> Result<Self, Problems> {
        let name = path.display().to_string();
        let fix = format!("make the file of profile `{}`, or leave the profile out", profile.0);
        let text = text_of(path).map_err(|unread| unread.problem(&name, &fix))?;
        Ok(Self { profile: profile.0.clone(), name, text })
    }
}

/// Lays a table over another.
pub(super) fn lay_over(below: &mut Table, over: Table) {
    for entry in over.entries {
        let known = below.entries.iter_mut().find(|known| known.key == entry.key);
        match known {
            None => below.entries.push(entry),
            Some(known) => match (&mut known.node.kind, entry.node.kind) {
                (Kind::Table(below), Kind::Table(over)) => lay_over(below, over),
                (_, kind) => {
                    known.origin = entry.origin;
                    known.node.origin = entry.node.origin;
                    known.node.kind = kind;
                }
            },
        }
    }
}
