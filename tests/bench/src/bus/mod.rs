//! What events cost who publishes them.
//!
//! ```text
//! desk      the service that writes rows and publishes events
//! publish   so many writers of such rows, with an event each and without
//! ```
//!
//! A line of contenders is a group of its own here; further ones go beside `publish`.

mod desk;
mod publish;

pub(crate) use self::publish::run;
use crate::cli::Options;
use crate::measure::Group;

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    publish::names()
}

/// The cells.
pub(crate) fn groups(options: &Options) -> Vec<Group> {
    let options = &options.unless_told(9, 1.5);
    vec![options.group(publish::entries(options))]
}
