//! Which calls are the same: those of one method with the same arguments.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

use serde_json::Value;

use crate::secrets::HIDDEN;

/// So many calls are known; for further ones there is no room.
const MOST: usize = 10_000;

/// Calls whose outcome is unknown, by what they were: so that a later one is known to be the same.
///
/// Arguments are told apart by their hashes, keyed anew in each process, and aren't kept themselves.
#[derive(Debug, Default)]
pub struct Same {
    keys: RandomState,
    /// How many are known of each method.
    methods: HashMap<u64, usize>,
    /// The ids of those that are the same.
    calls: HashMap<u64, Vec<u64>>,
    /// What is known of each.
    ids: HashMap<u64, Known>,
}

#[derive(Clone, Copy, Debug)]
struct Known {
    method: u64,
    call: u64,
}

impl Same {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// A call of that id is looked for from now on. One whose arguments aren't known, or not wholly, isn't
    /// known to be the same as any.
    pub fn add(&mut self, id: u64, (service, method): (&str, &str), arguments: &Value) {
        let is_known = arguments.is_object() && !has_hidden(arguments);
        if !is_known || self.ids.len() >= MOST || self.ids.contains_key(&id) {
            return;
        }
        let known = Known {
            method: self.keys.hash_one((service, method)),
            call: self.keys.hash_one((service, method, arguments)),
        };
        *self.methods.entry(known.method).or_default() += 1;
        self.calls.entry(known.call).or_default().push(id);
        self.ids.insert(id, known);
    }

    /// What became of it is known.
    pub fn remove(&mut self, id: u64) {
        let Some(Known { method, call }) = self.ids.remove(&id) else { return };
        if let Some(count) = self.methods.get_mut(&method) {
            *count -= 1;
            if *count == 0 {
                self.methods.remove(&method);
            }
        }
        if let Some(ids) = self.calls.get_mut(&call) {
            ids.retain(|known| *known != id);
            if ids.is_empty() {
                self.calls.remove(&call);
            }
        }
    }

    /// Whether any is looked for that is of this method.
    pub fn has(&self, service: &str, method: &str) -> bool {
        self.methods.contains_key(&self.keys.hash_one((service, method)))
    }

    /// Those that are the same as this one.
    pub fn of(&self, (service, method): (&str, &str), arguments: &Value) -> &[u64] {
        let call = self.keys.hash_one((service, method, arguments));
        self.calls.get(&call).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Whether a member is hidden: nobody knows then what it was.
pub fn has_hidden(value: &Value) -> bool {
    match value {
        Value::String(text) => text == HIDDEN,
        Value::Array(items) => items.iter().any(has_hidden),
        Value::Object(members) => members.values().any(has_hidden),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const CHARGE: (&str, &str) = ("payment", "charge");

    #[test]
    fn calls_are_the_same_by_method_and_arguments() {
        let mut same = Same::default();
        assert!(same.is_empty());
        same.add(1, CHARGE, &json!({ "order": 7, "amount": 900 }));
        same.add(2, CHARGE, &json!({ "order": 7, "amount": 900 }));
        same.add(2, CHARGE, &json!({ "order": 8, "amount": 900 }));
        same.add(3, ("payment", "refund"), &json!({ "order": 7, "amount": 900 }));
        assert!(same.has("payment", "charge") && !same.has("order", "charge"));
        let other_order = json!({ "amount": 900, "order": 7 });
        assert_eq!(same.of(CHARGE, &other_order), [1, 2]);
        assert!(same.of(CHARGE, &json!({ "order": 7, "amount": 901 })).is_empty());
        assert!(same.of(CHARGE, &json!({ "order": 8, "amount": 900 })).is_empty());
        same.remove(1);
        assert_eq!(same.of(CHARGE, &other_order), [2]);
        same.remove(2);
        same.remove(2);
        assert!(!same.has("payment", "charge") && same.has("payment", "refund"));
        same.remove(3);
        assert!(same.is_empty() && same.methods.is_empty() && same.calls.is_empty());
    }

    #[test]
    fn what_isnt_known_is_the_same_as_nothing() {
        let mut same = Same::default();
        same.add(1, CHARGE, &Value::Null);
        same.add(1, CHARGE, &json!("(longer than 16384 bytes)"));
        same.add(2, CHARGE, &json!({ "order": 7, "cards": [{ "pin": "***" }] }));
        assert!(same.is_empty());
        same.add(3, CHARGE, &json!({}));
        assert_eq!(same.of(CHARGE, &json!({})), [3]);
        (0..MOST as u64 + 5).for_each(|id| same.add(10 + id, CHARGE, &json!({ "order": id })));
        assert_eq!(same.ids.len(), MOST);
    }
}
