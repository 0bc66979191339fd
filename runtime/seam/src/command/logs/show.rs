//! `logs`: the lines of all units, in order of time, out of the files in the data folder.

use std::{
    collections::BTreeSet,
    io::{self, IsTerminal as _, Write},
    path::Path,
    process::ExitCode,
    time::Duration,
};

use seam_telemetry::logs::{Follower, LogEntry, Look, Query, query};

use super::{
    super::{Failure, colour, up::Prefix},
    Origin,
};

/// How often it is looked whether something has come.
const PERIOD: Duration = Duration::from_millis(200);

/// What is asked for.
#[derive(Debug)]
pub(in crate::command) struct Asked {
    pub(in crate::command) query: Query,
    /// Whether what comes later is told, too.
    pub(in crate::command) follow: bool,
    /// Whether lines are told as they are in the files.
    pub(in crate::command) json: bool,
}

/// Prints them, from the data folder `data`.
pub(in crate::command) async fn show(data: &Path, asked: Asked) -> Result<ExitCode, Failure> {
    let folder = super::folder(data);
    let mut shown = Shown::new(asked.json);
    if !asked.follow {
        let found = query(&folder, &asked.query);
        if found.is_empty() && !folder.is_dir() {
            let folder = folder.display();
            return Err(Failure::other(format!(
                "there are no logs in {folder}: nothing has run on this data folder, or `[log] keep` is 0"
            )));
        }
        shown.tell(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    let (found, mut follower) = Follower::begin(&folder, &asked.query);
    let mut gone = !shown.tell(&found)?;
    while !gone {
        tokio::time::sleep(PERIOD).await;
        gone = !shown.tell(&follower.poll())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// How lines are shown.
struct Shown {
    json: bool,
    colour: bool,
    /// The units that were seen, so that each keeps its colour.
    units: Vec<String>,
    /// How long their names are.
    width: usize,
}

impl Shown {
    fn new(json: bool) -> Self {
        let colour = colour::wanted_if(io::stdout().is_terminal());
        Self { json, colour, units: Vec::new(), width: 2 }
    }

    /// Prints entries; `false` if nobody reads them any more.
    fn tell(&mut self, entries: &[LogEntry]) -> Result<bool, Failure> {
        let mut out = io::stdout().lock();
        for name in entries.iter().map(|entry| origin(entry).name()).collect::<BTreeSet<_>>() {
            self.width = self.width.max(name.len());
            if !self.units.contains(&name) {
                self.units.push(name);
            }
        }
        let written = entries.iter().try_for_each(|entry| out.write_all(&self.lines(entry)));
        match written.and_then(|()| out.flush()) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            Err(error) => Err(Failure::other(error)),
        }
    }

    /// An entry as it is printed: each of its lines behind the name of its unit.
    fn lines(&self, entry: &LogEntry) -> Vec<u8> {
        if self.json {
            return format!("{entry}\n").into_bytes();
        }
        let origin = origin(entry);
        let name = origin.name();
        let index = self.units.iter().position(|known| *known == name).unwrap_or_default();
        let prefix = Prefix::text(origin, index, self.width, self.colour);
        let look = Look { colour: self.colour, target: false, day: true };
        entry.text(look).lines().flat_map(|line| prefix.line(line.as_bytes())).collect()
    }
}

/// Whose line it is.
fn origin(entry: &LogEntry) -> Origin {
    let instance = entry.instance().and_then(|instance| instance.try_into().ok());
    Origin { unit: entry.unit().to_owned(), instance }
}
