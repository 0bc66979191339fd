//! `unknown`: calls whose outcome was unknown, and what became of them; asked of files, so that units that
//! died tell of theirs, too.

use std::{path::Path, time::Duration};

use clap::Subcommand;
use seam_admin::Act;
use seam_telemetry::ledger::{self, Entry, State};
use serde_json::{Value as Json, json};

use super::{
    Failure,
    admin::audited_from,
    control::Request,
    status::{Heard, ask_for, table, trimmed},
};
use crate::unit::{SeenAnswer, SeenAsk};

/// So many are shown, the newest.
pub(super) const MOST: usize = 10_000;
/// How long a unit may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest arguments in a line of the list, in characters.
const ARGUMENTS: usize = 60;

/// What is done with one of them.
#[derive(Debug, Subcommand)]
pub(super) enum UnknownCommand {
    /// Show all that is known of one.
    Show {
        /// Its id, or the beginning of it.
        #[arg(value_name = "ID")]
        id: String,
        /// Print JSON: the members as in the list.
        #[arg(long)]
        json: bool,
    },
    /// Say that you have looked into one, and what you found.
    Resolve {
        /// Its id, or the beginning of it.
        #[arg(value_name = "ID")]
        id: String,
        /// What you found: `charged once, refunded`.
        #[arg(long, value_name = "TEXT")]
        note: String,
        /// Print JSON: `{"id", "state", "note"}`.
        #[arg(long)]
        json: bool,
    },
}

/// The newest of all units, as JSON with their units' names.
pub(super) fn all(data: &Path) -> Result<Vec<Json>, Failure> {
    let read = entries(data)?;
    Ok(read.iter().map(|(unit, entry)| told(unit, entry)).collect())
}

fn entries(data: &Path) -> Result<Vec<(String, Entry)>, Failure> {
    ledger::read(data, MOST).map_err(|error| {
        let folder = data.join(ledger::FOLDER);
        Failure::other(format!("the ledger in {} can't be read: {error}", folder.display()))
    })
}

fn told(unit: &str, entry: &Entry) -> Json {
    let mut told = json!(entry);
    told["unit"] = unit.into();
    told
}

/// The list.
pub(super) fn list(data: &Path, as_json: bool) -> Result<String, Failure> {
    if as_json {
        return Ok(format!("{:#}", Json::Array(all(data)?)));
    }
    let entries = entries(data)?;
    if entries.is_empty() {
        return Ok("no call's outcome was unknown".into());
    }
    let heads = ["ID", "AT", "UNIT", "CALLER", "CALL", "CODE", "STATE", "FOUND", "ARGUMENTS"];
    let mut rows = table(&heads, &[]);
    for (unit, entry) in &entries {
        let Entry { id, at, caller, callee, code, state, found, arguments, .. } = entry;
        let found = found.map_or("-", |found| found.as_str());
        let mut shown: String = arguments.to_string().chars().take(ARGUMENTS).collect();
        if arguments.is_null() {
            shown = "-".into();
        }
        rows.add_row([id, at, unit, caller, callee, code, state.as_str(), found, &shown]);
    }
    Ok(trimmed(&rows))
}

/// One of them.
pub(super) fn show(data: &Path, id: &str, as_json: bool) -> Result<String, Failure> {
    let (unit, entry) = find(data, id)?;
    if as_json {
        return Ok(format!("{:#}", told(&unit, &entry)));
    }
    let Entry { id, at, trace_id, caller, callee, code, arguments, state, found, note } = &entry;
    let found = found.map_or("nobody knows yet", |found| found.as_str());
    let mut text = format!(
        "{id}\n  call       {callee}\n  arguments  {arguments}\n  caller     {caller}, in unit {unit}\n  at         {at}\n  code       {code}\n  state      {}\n  found      {found}\n  trace      {trace_id}",
        state.as_str()
    );
    if let Some(note) = note {
        text.push_str(&format!("\n  note       {note}"));
    }
    Ok(text)
}

/// The one that is meant.
fn find(data: &Path, id: &str) -> Result<(String, Entry), Failure> {
    let mut found = entries(data)?.into_iter().filter(|(_, entry)| entry.id.starts_with(id));
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(_), Some(_)) => Err(Failure::usage(format!(
            "several calls' ids begin with `{id}`\n  fix: say more of it"
        ))),
        _ => Err(Failure::usage(format!(
            "there is no call `{id}` in the ledger\n  fix: `unknown` lists them"
        ))),
    }
}

/// What is told of one that was resolved, and how it was before.
pub(super) async fn resolved(data: &Path, id: &str, note: &str) -> Result<(Json, State), Failure> {
    let (unit, Entry { id, .. }) = find(data, id)?;
    let ask = SeenAsk::Resolve { id: id.clone(), note: note.to_owned() };
    let away = |why: &str| Failure::other(format!("unit `{unit}`, which wrote it down, {why}"));
    match ask_for(data, &unit, &Request::Seen(ask), PATIENCE).await? {
        Heard::Answer(answer) => match *answer {
            SeenAnswer::Resolved(Some(before)) => {
                let told = json!({ "id": id, "state": State::Resolved, "note": note });
                Ok((told, before))
            }
            _ => Err(away("doesn't have it any more")),
        },
        Heard::Refusal(problem) => Err(away(problem["detail"].as_str().unwrap_or("refuses"))),
        Heard::Silence => Err(away("doesn't answer")),
        Heard::Nobody => Err(away("isn't running\n  fix: start it")),
    }
}

/// The same for whoever is at the command line.
pub(super) async fn resolve(
    data: &Path,
    id: &str,
    note: String,
    as_json: bool,
) -> Result<String, Failure> {
    let (_, Entry { id, .. }) = find(data, id)?;
    let deed = Act::Resolve { id: id.clone(), note: note.clone() }.deed();
    let doing = resolved(data, &id, &note);
    let (told, _) = audited_from(data, deed, doing, |(_, before)| json!(before)).await?;
    Ok(if as_json { format!("{told:#}") } else { format!("{id} is resolved") })
}
