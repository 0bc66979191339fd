//! A log from outside: what is appended, read, given back, and what a kill and damage leave.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

mod appending;
mod damage;
mod kills;
mod model;
mod retention;

use seam_log::{Log, LogOptions, Position, Record};

fn open(folder: &std::path::Path) -> Log {
    Log::open(folder, LogOptions::default()).unwrap()
}

/// A record that follows from its position.
fn record(position: Position) -> Record {
    let size = usize::try_from(position * 37 % 400).unwrap();
    Record::new(position, position * 1000, "order.paid", &vec![position as u8; size])
        .key(&position.to_be_bytes())
        .headers(b"trace")
}

fn records(positions: impl IntoIterator<Item = Position>) -> Vec<Record> {
    positions.into_iter().map(record).collect()
}

/// The bytes in a folder, as the disk has them.
fn disk(folder: &std::path::Path) -> u64 {
    use std::os::unix::fs::MetadataExt;
    // Files go while it is looked.
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let size = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { disk(&entry.path()) } else { metadata.blocks() * 512 })
    };
    entries.filter_map(size).sum()
}
