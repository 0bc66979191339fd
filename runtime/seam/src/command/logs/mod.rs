//! Logs: to standard error, as lines for people or JSON on request, and to files in the data folder.
//! Whoever logs never waits for whoever reads, nor for a disk.

mod fields;
mod filter;
mod layer;
mod level;
mod origin;
mod outputs;
mod said;
mod show;
mod start;

use std::path::{Path, PathBuf};

pub(super) use self::{
    level::Level,
    origin::Origin,
    outputs::Logs,
    show::{Asked, show},
    start::start,
};

/// Where the files are, in a data folder.
pub(super) fn folder(data: &Path) -> PathBuf {
    data.join("logs")
}
