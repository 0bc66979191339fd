//! What differs between the values of two configs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::config::{Config, Effective, Origin, hidden_value};

/// Values in effect, by key.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Values(BTreeMap<String, Value>);

/// A value in effect.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
struct Value {
    value: Json,
    /// Whether somebody wrote it; a default may follow from what is written elsewhere.
    written: bool,
}

impl Values {
    /// All of a config.
    pub(super) fn of(config: &Config) -> Self {
        let value = |own: &Effective| {
            let written = !matches!(own.origin, Origin::Default);
            let key = format!("{}.{}", own.table, own.key);
            (key, Value { value: own.value.clone(), written })
        };
        Self(config.effective().iter().map(value).collect())
    }
}

/// How many changes a summary names.
const NAMED: usize = 3;
/// The longest value of a summary, in characters.
const LONGEST: usize = 60;

/// A value that differs; secrets are `***`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Difference {
    /// Dotted, e.g. `services.payment.mailbox`.
    pub(super) key: String,
    /// What it was; absent if there was none.
    pub(super) old: Option<Json>,
    /// What it is.
    pub(super) new: Option<Json>,
}

/// All values that differ, by key, but for defaults in both.
pub(super) fn differences(Values(old): &Values, Values(new): &Values) -> Vec<Difference> {
    let mut keys: Vec<&String> = old.keys().chain(new.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    let differs = |key: &&String| {
        let [old, new] = [old, new].map(|all| all.get(*key));
        let written = [old, new].into_iter().flatten().any(|own| own.written);
        written && old.map(|own| &own.value) != new.map(|own| &own.value)
    };
    let difference = |key: &String| {
        let value = |of: &BTreeMap<String, Value>| {
            of.get(key).map(|own| hidden_value(key, own.value.clone()))
        };
        Difference { key: key.clone(), old: value(old), new: value(new) }
    };
    keys.into_iter().filter(differs).map(difference).collect()
}

/// The differences in one line.
pub(super) fn summary(differences: &[Difference]) -> String {
    let more = differences.len().saturating_sub(NAMED);
    let mut all: Vec<String> = differences.iter().take(NAMED).map(line).collect();
    if more > 0 {
        all.push(format!("{more} more"));
    }
    match all.is_empty() {
        true => "no value".into(),
        false => all.join(", "),
    }
}

/// One difference, for people.
pub(super) fn line(Difference { key, old, new }: &Difference) -> String {
    let shown = |value: &Option<Json>| {
        let text = value.as_ref().map_or_else(|| "nothing".to_owned(), Json::to_string);
        match text.char_indices().nth(LONGEST) {
            Some((at, _)) => format!("{}…", &text[..at]),
            None => text,
        }
    };
    format!("{key}: {} → {}", shown(old), shown(new))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(all: &[(&str, Json)]) -> Values {
        let value = |value: &Json| Value { value: value.clone(), written: true };
        Values(all.iter().map(|(key, own)| ((*key).to_owned(), value(own))).collect())
    }

    #[test]
    fn what_differs_is_told_in_short_and_without_secrets() {
        let old = values(&[("a.b", json!(1)), ("a.c", json!("x")), ("s.token", json!("one"))]);
        let new = values(&[("a.b", json!(2)), ("d.e", json!([1])), ("s.token", json!("two"))]);
        let found = differences(&old, &new);
        assert_eq!(summary(&found), "a.b: 1 → 2, a.c: \"x\" → nothing, d.e: nothing → [1], 1 more");
        assert_eq!(line(&found[3]), "s.token: \"***\" → \"***\"");
        assert_eq!(summary(&differences(&old, &old)), "no value");
        // What follows from what is written elsewhere is no news.
        let default = |number: u64| {
            let value = Value { value: json!(number), written: false };
            Values([("a.b".to_owned(), value)].into())
        };
        assert!(differences(&default(1), &default(2)).is_empty());
        assert_eq!(summary(&differences(&old, &default(2))).split(',').next(), Some("a.b: 1 → 2"));
        let long = values(&[("a.b", json!("ü".repeat(100)))]);
        assert!(summary(&differences(&old, &long)).contains('…'));
    }
}
