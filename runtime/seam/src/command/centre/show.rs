//! What `config`, `config history` and `config diff` print.

use comfy_table::{Table, presets};
use serde_json::{Value as Json, json};

use super::{
    super::Failure,
    Centre,
    diff::{differences, line},
    history::Version,
};
use crate::config::{Config, Effective, Origin};

/// The versions that are kept, the oldest first, as JSON.
pub(in crate::command) fn versions(centre: &Centre) -> Result<Json, Failure> {
    let entry = |own: Version| {
        json!({
            "version": own.version, "at": own.at, "by": own.by, "how": own.how,
            "configVersion": own.config_version, "summary": own.summary,
            "profile": own.source.over.map(|over| over.profile),
        })
    };
    let all = centre.history().all().map_err(unread)?;
    Ok(all.into_iter().map(entry).collect())
}

/// The same, printed.
pub(in crate::command) fn history(centre: &Centre, as_json: bool) -> Result<String, Failure> {
    if as_json {
        return Ok(format!("{:#}", versions(centre)?));
    }
    let all = centre.history().all().map_err(unread)?;
    if all.is_empty() {
        return Ok("no version is kept yet: the first start of the app makes version 1".into());
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    table.set_header(["VERSION", "AT", "BY", "HOW", "CONFIG", "CHANGED"]);
    for own in all {
        let Version { version, at, by, how, config_version, summary, .. } = own;
        table.add_row([version.to_string(), at, by, how, config_version, summary]);
    }
    Ok(table.lines().map(|line| line.trim().to_owned() + "\n").collect())
}

/// What differs between two versions.
pub(in crate::command) fn diff(
    centre: &Centre,
    (a, b): (u64, u64),
    as_json: bool,
) -> Result<String, Failure> {
    let history = centre.history();
    let version = |number: u64| {
        let found = history.get(number).map_err(unread)?;
        found.ok_or_else(|| {
            Failure::usage(format!("there is no version {number}\n  fix: see `config history`"))
        })
    };
    let (old, new) = (version(a)?, version(b)?);
    let all = differences(&old.values, &new.values);
    if as_json {
        return Ok(format!("{:#}", json!({ "from": a, "to": b, "changes": all })));
    }
    Ok(match (all.is_empty(), old.source == new.source) {
        (true, true) => format!("versions {a} and {b} are the same"),
        (true, false) => format!("versions {a} and {b} have the same values; their text differs"),
        (false, _) => all.iter().map(|own| line(own) + "\n").collect(),
    })
}

/// The config in effect, with what is set in single units beside what holds in all.
pub(in crate::command) fn effective(
    config: &Config,
    units: &[(String, Config)],
    as_json: bool,
) -> String {
    let own = |config: &Config| -> Vec<Effective> {
        let set = |own: &&Effective| matches!(own.origin, Origin::Set(_));
        config.effective().iter().filter(set).cloned().collect()
    };
    let general: Vec<String> = own(config).iter().map(shown).collect();
    let of_unit = |(unit, config): &(String, Config)| -> Vec<(String, Effective)> {
        let own = own(config).into_iter().filter(|own| !general.contains(&shown(own)));
        own.map(|own| (unit.clone(), own)).collect()
    };
    let of_units: Vec<_> = units.iter().flat_map(of_unit).collect();
    if as_json {
        let mut all = config.to_json();
        for (unit, own) in of_units {
            let name = format!("{}.{}", own.table, own.key);
            let value = json!({ "value": own.value, "from": own.origin.to_string() });
            all[name]["units"][unit] = value;
        }
        return format!("{all:#}");
    }
    let mut text = config.to_toml();
    for (index, (unit, own)) in of_units.iter().enumerate() {
        let gap = if index == 0 { "\n" } else { "" };
        text += &format!("{gap}# in unit {unit}: {}\n", shown(own));
    }
    text
}

fn shown(own: &Effective) -> String {
    format!("{}.{} = {}  # {}", own.table, own.key, own.value, own.origin)
}

fn unread(error: std::io::Error) -> Failure {
    Failure::other(format!("the config's versions can't be read: {error}"))
}
