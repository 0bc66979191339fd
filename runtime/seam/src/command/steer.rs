//! `config history`, `diff` and `rollback`, `set`, `unset` and `breaker`: what is printed of them.

use std::{process::ExitCode, time::Duration};

use seam_admin::{Act, BreakerAct, BreakerAction as Done, Set};
use serde_json::Value as Json;

use super::{
    Failure,
    admin::{audited_change, audited_from},
    args::{BreakerAction, BreakerArgs, ConfigCommand, SetArgs},
    block_on,
    centre::{self, Breaker, Centre, Change},
    print,
    user::user,
};

/// The versions of the config: shown, or gone back to.
pub(super) fn versions(centre: &Centre, command: ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::History { json } => print(centre::history(centre, json)?),
        ConfigCommand::Diff { a, b, json } => print(centre::diff(centre, (a, b), json)?),
        ConfigCommand::Rollback { version, json } => rollback(centre, version, json),
    }
}

fn rollback(centre: &Centre, version: u64, json: bool) -> Result<ExitCode, Failure> {
    let done = {
        let by = user().name;
        let doing = centre::rollback(centre, &by, version);
        let deed = Act::Rollback { version }.deed();
        block_on(audited_change(&centre.data, deed, doing, centre::RolledBack::change))??
    };
    let failed = !done.failed.is_empty();
    match (json, failed) {
        (false, true) => Err(Failure::other([vec![done.line()], done.failed].concat().join("\n"))),
        (true, true) => Err(Failure::answer(format!("{:#}", done.to_json()))),
        _ => told(json, done.to_json(), done.line()),
    }
}

/// Sets a key.
pub(super) fn set(centre: &Centre, args: SetArgs) -> Result<ExitCode, Failure> {
    let SetArgs { key, value, unit, lasting, json } = args;
    changed(centre, Change { key, value: Some(value), unit, lasting }, json)
}

/// Takes back what was set.
pub(super) fn unset(
    centre: &Centre,
    key: String,
    unit: Option<String>,
    json: bool,
) -> Result<ExitCode, Failure> {
    changed(centre, Change { key, value: None, unit, lasting: None }, json)
}

fn changed(centre: &Centre, change: Change, json: bool) -> Result<ExitCode, Failure> {
    let (key, unit) = (change.key.clone(), change.unit.clone());
    let act = match change.value.clone() {
        Some(value) => {
            let hold = change.lasting.map(hold);
            Act::Set(Set { key, value: value.into(), unit, hold })
        }
        None => Act::Unset { key, unit },
    };
    let by = user().name;
    let doing = centre::change(centre, &by, change);
    let old = |done: &centre::Changed| done.to_json()["old"].take();
    let done = block_on(audited_from(&centre.data, act.deed(), doing, old))??;
    told(json, done.to_json(), done.line())
}

/// Opens or closes a breaker.
pub(super) fn breaker(centre: &Centre, args: BreakerArgs) -> Result<ExitCode, Failure> {
    let BreakerArgs { action, service, from, lasting, json } = args;
    let asked = Breaker { open: action == BreakerAction::Open, service, from, lasting };
    let action = if asked.open { Done::Open } else { Done::Close };
    let (service, from) = (asked.service.clone(), asked.from.clone());
    let hold = asked.lasting.map(hold);
    let act = Act::Breaker(BreakerAct { action, service, from, hold });
    let by = user().name;
    let doing = centre::breaker(centre, &by, asked);
    let old = |done: &centre::Breakers| done.to_json()["old"].take();
    let done = block_on(audited_from(&centre.data, act.deed(), doing, old))??;
    told(json, done.to_json(), done.line())
}

/// A time as the audit tells it.
fn hold(lasting: Duration) -> String {
    format!("{lasting:?}")
}

fn told(as_json: bool, json: Json, line: String) -> Result<ExitCode, Failure> {
    print(if as_json { format!("{json:#}") } else { line })
}
