//! `set` and `unset`: keys that are changed while the app runs.

use std::time::Duration;

use serde_json::{Value as Json, json};

use super::{
    super::{
        Failure,
        control::names,
        reload::{self, What},
        status, whereabouts,
    },
    Centre,
    lock::Lock,
};
use crate::config::{
    Config, Kept, LiveSetting, MOST, Problems, Source, UnitConfig, nearest, now, time,
};

/// The longest value, in bytes.
const LONGEST: usize = 4096;
/// For how long something may be set that is taken back by itself.
const LONGEST_TIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What is to be done with a key.
#[derive(Clone, Debug)]
pub(in crate::command) struct Change {
    /// Dotted, e.g. `services.payment.mailbox`.
    pub(in crate::command) key: String,
    /// What it is set to; nothing if it is unset.
    pub(in crate::command) value: Option<String>,
    /// The only unit for which that holds.
    pub(in crate::command) unit: Option<String>,
    /// For how long.
    pub(in crate::command) lasting: Option<Duration>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(in crate::command) struct Changed {
    key: String,
    unit: Option<String>,
    /// What was in effect, in the unit or in all.
    old: Json,
    /// What is in effect now.
    new: Json,
    until: Option<u64>,
    unset: bool,
}

/// Changes a key in all that runs, or in one unit of it: in all that it is meant for, or nothing has
/// changed.
pub(in crate::command) async fn change(
    centre: &Centre,
    by: &str,
    change: Change,
) -> Result<Changed, Failure> {
    let _lock = Lock::take(&centre.data).await?;
    change_alone(centre, by, change).await
}

/// The same for who sees to it that nobody else acts meanwhile.
pub(super) async fn change_alone(
    centre: &Centre,
    by: &str,
    change: Change,
) -> Result<Changed, Failure> {
    let kept = Kept::new(&centre.data);
    let before = kept.all()?;
    let accepted = whereabouts::accepted_in(&centre.data, |source| (centre.parse)(source).is_ok());
    let Some(source) = accepted.await else { return offline(centre, &kept, before, change) };
    let config = (centre.parse)(&source).map_err(unchanged)?;
    let next = next(&before, by, &change)?;
    if let Some(new) = next.iter().find(|own| !before.contains(own)) {
        new.check(&config).map_err(|problem| unchanged(problem.into()))?;
        unit_is_known(centre, &config, new)?;
    }
    let holding = |all: &[LiveSetting]| {
        let now = now();
        let set = all.iter().filter(|own| !own.is_over(now)).cloned().collect();
        Source { set, ..source.clone() }
    };
    let next_source = holding(&next);
    (centre.parse)(&next_source).map_err(unchanged)?;
    let old = effective(centre, &holding(&before), &change)?;
    let new = effective(centre, &next_source, &change)?;
    let until = next.iter().find(|own| !before.contains(own)).and_then(|own| own.until);
    write(&kept, next)?;
    if let Err(failure) = in_force(centre, &change.key).await {
        write(&kept, before)?;
        // Who has taken it gives it back.
        let _ = reload::of_all(&centre.data, What::Settings).await;
        return Err(failure);
    }
    let Change { key, unit, value, .. } = change;
    Ok(Changed { key, unit, old, new, until, unset: value.is_none() })
}

/// Has all that runs go by what is kept now; says who doesn't.
async fn in_force(centre: &Centre, key: &str) -> Result<(), Failure> {
    let outcome = reload::of_all(&centre.data, What::Settings).await?;
    if !outcome.invalid.is_empty() {
        return Err(outcome.refused(false));
    }
    if !outcome.failed.is_empty() {
        let failed = outcome.failed.join("\n");
        return Err(Failure::other(format!("{failed}\n\nnothing has changed")));
    }
    match outcome.needs_restart(key) {
        true => Err(Failure::usage(format!(
            "`{key}` is read once, when a unit starts\n  \
             fix: write it into the config file, and restart\n\nnothing has changed"
        ))),
        false => Ok(()),
    }
}

/// Where nothing runs, what is kept can be unset all the same.
fn offline(
    centre: &Centre,
    kept: &Kept,
    before: Vec<LiveSetting>,
    change: Change,
) -> Result<Changed, Failure> {
    if change.value.is_some() {
        let config = (centre.parse)(&centre.files.read()?)?;
        return Err(Failure::other(status::nothing_runs(&config)));
    }
    let next = next(&before, "", &change)?;
    write(kept, next)?;
    let Change { key, unit, .. } = change;
    let (old, new) = (Json::Null, Json::Null);
    Ok(Changed { key, unit, old, new, until: None, unset: true })
}

/// What is kept after the change. What is set for a time lies over what is set for good; what is set for
/// good takes the place of both.
fn next(before: &[LiveSetting], by: &str, change: &Change) -> Result<Vec<LiveSetting>, Failure> {
    let Change { key, value, unit, lasting } = change;
    let same = |own: &LiveSetting| own.key == *key && own.unit == *unit;
    let mut next = before.to_vec();
    let Some(value) = value else {
        next.retain(|own| !same(own));
        return match next.len() == before.len() {
            true => Err(not_set(before, change)),
            false => Ok(next),
        };
    };
    if value.len() > LONGEST {
        return Err(Failure::usage(format!("a value has at most {LONGEST} bytes")));
    }
    if lasting.is_some_and(|lasting| lasting > LONGEST_TIME) {
        return Err(Failure::usage(
            "`--for` is a year at most\n  fix: leave it out, and unset the key",
        ));
    }
    next.retain(|own| !same(own) || (lasting.is_some() && own.until.is_none()));
    if next.len() >= MOST {
        return Err(Failure::usage(format!(
            "{MOST} keys are set already\n  fix: write them into the config file, and unset them"
        )));
    }
    let at = now();
    let millis = |lasting: Duration| u64::try_from(lasting.as_millis()).unwrap_or(u64::MAX);
    let until = lasting.map(|lasting| at.saturating_add(millis(lasting)));
    let (key, value, unit, by) = (key.clone(), value.clone(), unit.clone(), by.to_owned());
    next.push(LiveSetting { key, value, unit, by, at, until });
    Ok(next)
}

fn not_set(before: &[LiveSetting], Change { key, unit, .. }: &Change) -> Failure {
    let whole = |unit: &Option<String>| match unit {
        Some(unit) => format!(" in unit `{unit}`"),
        None => String::new(),
    };
    let elsewhere = before.iter().find(|own| own.key == *key).map(|own| match &own.unit {
        Some(unit) => format!("it is set in one: `--unit {unit}`"),
        None => "it is set in all units: leave `--unit` out".into(),
    });
    let fix = elsewhere.unwrap_or_else(|| {
        let set = before.iter().map(|own| format!("`{}`{}", own.key, whole(&own.unit)));
        match set.collect::<Vec<_>>() {
            all if all.is_empty() => "nothing is set".into(),
            all => format!("what is set is {}", all.join(", ")),
        }
    });
    Failure::usage(format!("`{key}` isn't set{}\n  fix: {fix}", whole(unit)))
}

/// A unit of the config, or one that runs on the data folder and is another program's.
fn unit_is_known(centre: &Centre, config: &Config, new: &LiveSetting) -> Result<(), Failure> {
    let Some(unit) = &new.unit else { return Ok(()) };
    let units = || config.units.iter().map(|own: &UnitConfig| own.name.as_str());
    let runs = || names(&centre.data).iter().any(|name| name.split('.').next() == Some(unit));
    match units().any(|known| known == unit) || runs() {
        true => Ok(()),
        false => {
            let fix = nearest(unit, units());
            Err(Failure::usage(format!("there is no unit `{unit}`\n  fix: {fix}")))
        }
    }
}

/// What is in effect of the key, in the unit that is meant.
fn effective(centre: &Centre, source: &Source, change: &Change) -> Result<Json, Failure> {
    let config = (centre.in_unit)(source, change.unit.as_deref()).map_err(unchanged)?;
    let is = |own: &&crate::config::Effective| {
        let name = own.table.len() + 1 + own.key.len() == change.key.len();
        name && change.key.starts_with(&own.table) && change.key.ends_with(&own.key)
    };
    let found = config.effective().iter().find(is);
    Ok(found.map(|own| own.value.clone()).unwrap_or_default())
}

fn write(kept: &Kept, set: Vec<LiveSetting>) -> Result<(), Failure> {
    kept.write(set).map_err(|error| {
        Failure::other(format!(
            "what is set can't be kept: {error}\n  fix: look at the data folder"
        ))
    })
}

fn unchanged(problems: Problems) -> Failure {
    Failure::usage(format!("{problems}\n\nnothing has changed"))
}

impl Changed {
    /// For scripts: `{"ok", "key", "unit", "old", "new", "until"}`.
    pub(in crate::command) fn to_json(&self) -> Json {
        let Self { key, unit, old, new, until, .. } = self;
        let until = until.map(time);
        json!({ "ok": true, "key": key, "unit": unit, "old": old, "new": new, "until": until })
    }

    /// For people.
    pub(in crate::command) fn line(&self) -> String {
        let Self { key, unit, new, until, unset, .. } = self;
        let place = unit.as_ref().map_or("all units".to_owned(), |unit| format!("unit {unit}"));
        let until = until.map(|until| format!(", until {}", time(until))).unwrap_or_default();
        match (unset, new) {
            (true, Json::Null) => format!("{key}: no longer set in {place}"),
            (true, new) => format!("{key}: no longer set in {place}; it is {new}"),
            (false, new) => format!("{key}: {new} in {place}{until}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change_of(value: Option<&str>, unit: Option<&str>, lasting: Option<u64>) -> Change {
        Change {
            key: "log.level".into(),
            value: value.map(String::from),
            unit: unit.map(String::from),
            lasting: lasting.map(Duration::from_secs),
        }
    }

    fn told(all: &[LiveSetting]) -> Vec<(&str, Option<&str>, bool)> {
        let told = |own: &'_ LiveSetting| own.until.is_some();
        all.iter().map(|own| (&*own.value, own.unit.as_deref(), told(own))).collect()
    }

    #[test]
    fn what_is_set_for_a_time_lies_over_what_is_set_for_good() {
        let set = |before: &[LiveSetting], value, unit, lasting| {
            next(before, "ada", &change_of(Some(value), unit, lasting)).unwrap()
        };
        let one = set(&[], "warn", None, None);
        let two = set(&one, "debug", None, Some(60));
        let two = set(&two, "trace", None, Some(60));
        assert_eq!(told(&two), [("warn", None, false), ("trace", None, true)]);
        let three = set(&two, "info", Some("pay"), None);
        let four = set(&three, "error", None, None);
        assert_eq!(told(&four), [("info", Some("pay"), false), ("error", None, false)]);
        let unset =
            |before: &[LiveSetting], unit| next(before, "ada", &change_of(None, unit, None));
        assert_eq!(told(&unset(&three, None).unwrap()), [("info", Some("pay"), false)]);
        let left = unset(&four, Some("pay")).unwrap();
        assert_eq!(told(&left), [("error", None, false)]);
        let said = unset(&left, Some("pay")).unwrap_err().text;
        assert!(said.contains("isn't set in unit `pay`") && said.contains("leave `--unit` out"));
        let only = set(&[], "info", Some("pay"), None);
        assert!(unset(&only, None).unwrap_err().text.contains("`--unit pay`"));
        let other = Change { key: "edge.rate".into(), ..change_of(None, None, None) };
        let said = next(&only, "ada", &other).unwrap_err().text;
        assert!(said.contains("what is set is `log.level` in unit `pay`"), "{said}");
        assert!(unset(&[], None).unwrap_err().text.contains("fix: nothing is set"));
    }

    #[test]
    fn there_is_an_end_to_it() {
        let year = LONGEST_TIME.as_secs();
        assert!(next(&[], "ada", &change_of(Some("1"), None, Some(year))).is_ok());
        assert!(next(&[], "ada", &change_of(Some("1"), None, Some(year + 1))).is_err());
        let long = "x".repeat(LONGEST + 1);
        assert!(next(&[], "ada", &change_of(Some(&long), None, None)).is_err());
        let all = next(&[], "ada", &change_of(Some("1"), None, None)).unwrap();
        let all: Vec<_> = std::iter::repeat_n(&all[0], MOST)
            .enumerate()
            .map(|(number, own)| LiveSetting { key: format!("calls.k{number}"), ..own.clone() })
            .collect();
        let full = next(&all, "ada", &change_of(Some("1"), None, None)).unwrap_err().text;
        assert!(full.contains("256 keys are set already"), "{full}");
    }
}
