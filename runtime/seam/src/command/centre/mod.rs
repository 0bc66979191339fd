//! The config centre: which versions the config had, and what is set while the app runs.
//!
//! Whoever accepts a config, `up` or a unit that was started by `run`, writes down its version; what is
//! set is kept beside that, and everybody reads it when told to. An act on either is one of `set`,
//! `unset`, `breaker`, `rollback`, `move` and `reload`, one at a time.

mod act;
mod breaker;
mod diff;
mod history;
mod lock;
mod note;
mod overdue;
mod rollback;
mod set;
mod show;
mod wanted;
mod written;

use std::path::PathBuf;

pub(in crate::command) use self::{
    act::Act,
    breaker::{Breaker, Breakers, breaker},
    history::{FILE, History, Recorder, START, recorder},
    lock::Lock,
    note::Note,
    overdue::{AGAIN, overdue, take_back},
    rollback::{RolledBack, rollback},
    set::{Change, Changed, change},
    show::{diff, effective, history, versions},
    wanted::Wanted,
    written::written,
};
use super::reloading::Parse;
use crate::config::{Config, Files, Problems, Source};

/// What a source means in one unit, or in none in particular.
type InUnit = Box<dyn Fn(&Source, Option<&str>) -> Result<Config, Problems> + Send + Sync>;

/// What an act on the config needs.
pub(in crate::command) struct Centre {
    /// Where the config is read.
    pub(in crate::command) files: Files,
    /// The data folder.
    pub(in crate::command) data: PathBuf,
    /// What a source means, if it holds in every unit.
    pub(in crate::command) parse: Parse,
    /// What it means in one.
    pub(in crate::command) in_unit: InUnit,
}

impl Centre {
    /// The versions that the config had.
    pub(in crate::command) fn history(&self) -> History {
        History::new(&self.data, &self.files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Catalogue;

    fn anywhere<T: Send>(_: T) {}

    #[test]
    fn acts_are_done_on_any_thread() {
        let data = tempfile::tempdir().unwrap();
        let parse = |source: &Source| Config::of(source, None, [], &Catalogue::default());
        let in_unit = move |source: &Source, _: Option<&str>| parse(source);
        let centre = Centre {
            files: Files::default(),
            data: data.path().to_owned(),
            parse: Box::new(parse),
            in_unit: Box::new(in_unit),
        };
        let key = "log.level".to_owned();
        let asked = Change { key, value: None, unit: None, lasting: None };
        anywhere(change(&centre, "ada", asked));
        anywhere(rollback(&centre, "ada", 1));
        let (service, from) = ("payment".to_owned(), None);
        let asked = Breaker { open: true, service, from, lasting: None };
        anywhere(breaker(&centre, "ada", asked));
    }
}
