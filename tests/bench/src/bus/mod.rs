//! What events cost who publishes them.
//!
//! ```text
//! desk      the service that writes rows and publishes events
//! publish   so many writers of such rows, with an event each and without
//! writers   how such go on until the window closes
//! carry     a full log on its way to a broker, and bare: the broker's client alone
//! ```
//!
//! A line of contenders is a group of its own here; further ones go beside `publish`.

mod bare;
mod carry;
mod desk;
mod publish;
mod writers;

pub(crate) use self::carry::run as carry;
pub(crate) use self::publish::run;
use crate::cli::Options;
use crate::measure::Group;
use crate::report::Labels;

/// The names, as `--peer` knows them.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    publish::names().chain(carry::names())
}

/// The cells.
pub(crate) fn groups(options: &Options) -> Vec<Group> {
    let options = &options.unless_told(9, 1.5);
    let publish = options.group(publish::entries(options));
    std::iter::once(publish).chain(carry::groups(options)).collect()
}

/// What a cell is called.
fn labels(contender: &str, callers: usize, threads: usize) -> Labels {
    Labels {
        bench: "bus",
        callers: Some(callers),
        threads: Some(threads),
        contender: contender.to_owned(),
        ..Labels::default()
    }
}
