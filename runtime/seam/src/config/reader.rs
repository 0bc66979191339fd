//! Walks the tree: hands out typed values, collects what is wrong and what is in effect.

use std::{cell::RefCell, fmt::Display, ops::RangeInclusive};

use serde_json::Value as Json;

use super::{
    effective::Effective,
    origin::Origin,
    problem::{Problem, nearest},
    tree::{Entry, Kind, Node, Table},
    value::{FromNode, Wrong},
};

/// What comes of reading: one for the whole config.
#[derive(Default)]
pub(super) struct Findings {
    pub(super) problems: RefCell<Vec<Problem>>,
    pub(super) effective: RefCell<Vec<Effective>>,
    /// Units with a problem of their own: what follows from it isn't worth a word.
    pub(super) unsound: RefCell<Vec<String>>,
}

impl Findings {
    pub(super) fn problem(
        &self,
        origin: &Origin,
        reason: impl Into<String>,
        fix: impl Into<String>,
    ) {
        self.problems.borrow_mut().push(Problem::new(origin, reason, fix));
    }

    /// Runs `read`, and notes the unit as unsound if that found a problem.
    pub(super) fn of_unit<T>(&self, unit: &str, read: impl FnOnce() -> T) -> T {
        let before = self.problems.borrow().len();
        let value = read();
        if self.problems.borrow().len() > before {
            self.unsound.borrow_mut().push(unit.into());
        }
        value
    }

    pub(super) fn effective(&self, table: &str, key: &str, value: Json, origin: &Origin) {
        let (table, key, origin) = (table.to_owned(), key.to_owned(), origin.clone());
        self.effective.borrow_mut().push(Effective { table, key, value, origin });
    }

    /// A default that follows from other values.
    pub(super) fn settled(&self, table: &str, key: &str, value: Json) {
        let mut effective = self.effective.borrow_mut();
        let known = effective.iter_mut().find(|e| e.table == table && e.key == key);
        if let Some(known) = known {
            (known.value, known.origin) = (value, Origin::Default);
        }
    }
}

/// One table. Every key that is asked for is known; [`finish`](Self::finish) refuses the others.
pub(super) struct Reader<'a> {
    findings: &'a Findings,
    /// Dotted, e.g. `services.payment`; empty for the root.
    path: String,
    table: Option<&'a Table>,
    known: Vec<&'static str>,
}

static EMPTY: Table = Table { entries: Vec::new() };

impl<'a> Reader<'a> {
    pub(super) fn root(findings: &'a Findings, table: &'a Table) -> Self {
        Self { findings, path: String::new(), table: Some(table), known: Vec::new() }
    }

    /// A value, or its default.
    pub(super) fn value<T: FromNode>(&mut self, key: &'static str, default: T) -> T {
        self.checked(key, default, |_| Ok(()))
    }

    /// A value within a range, both ends included.
    pub(super) fn within<T: FromNode + PartialOrd>(
        &mut self,
        key: &'static str,
        default: T,
        range: RangeInclusive<T>,
    ) -> T {
        let show = |value: &T| value.show().to_string();
        let ends = format!("from {} to {}", show(range.start()), show(range.end()));
        self.checked(key, default, |value| match range.contains(value) {
            true => Ok(()),
            false => {
                let reason = format!("`{key}` is {}, out of its range", show(value));
                Err((reason, format!("use a value {ends}")))
            }
        })
    }

    /// A value that passes a check: its reason and fix otherwise.
    pub(super) fn checked<T: FromNode>(
        &mut self,
        key: &'static str,
        default: T,
        check: impl FnOnce(&T) -> Result<(), (String, String)>,
    ) -> T {
        self.known.push(key);
        let Some(node) = self.table.and_then(|table| table.get(key)) else {
            self.findings.effective(&self.path, key, default.show(), &Origin::Default);
            return default;
        };
        match T::from_node(node) {
            Ok(value) => match check(&value) {
                Ok(()) => {
                    let shown = written(node).map_or_else(|| value.show(), T::written);
                    self.findings.effective(&self.path, key, shown, &node.origin);
                    return value;
                }
                Err((reason, fix)) => self.findings.problem(&node.origin, reason, fix),
            },
            Err(wrong) => {
                let reason = format!("`{key}`: {}", wrong.reason);
                self.findings.problem(&node.origin, reason, wrong.fix);
            }
        }
        default
    }

    /// Whether somebody wrote this key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.is_some_and(|table| table.get(key).is_some())
    }

    /// A table within this one; an empty one if nobody wrote it.
    pub(super) fn table(&mut self, key: &'static str) -> Reader<'a> {
        self.known.push(key);
        let table = self.raw_table(key);
        self.child(key, table)
    }

    /// The table under a key as it stands, for a reader of another kind.
    pub(super) fn raw(&mut self, key: &'static str) -> &'a Table {
        self.known.push(key);
        self.raw_table(key).unwrap_or(&EMPTY)
    }

    fn raw_table(&self, key: &str) -> Option<&'a Table> {
        let node = self.table?.get(key)?;
        if node.table().is_none() {
            let path = self.dotted(key);
            let reason = format!("`{key}`: expected a table, found {}", node.describe());
            self.findings.problem(&node.origin, reason, format!("write [{path}] and keys below"));
        }
        node.table()
    }

    /// The names of the tables in this one, when they are free to choose.
    pub(super) fn names(&self) -> Vec<&'a str> {
        self.table.map(|table| table.keys().collect()).unwrap_or_default()
    }

    /// The table of a free name; an empty one if nobody wrote it.
    pub(super) fn named(&self, name: &str) -> Reader<'a> {
        self.child(name, self.raw_table(name))
    }

    /// Refuses the value of a free name.
    pub(super) fn refuse(&self, name: &str, reason: impl Into<String>, fix: impl Into<String>) {
        let origin = self.table.map_or(Origin::Default, |table| table.origin(&[name]));
        self.findings.problem(&origin, reason, fix);
    }

    /// The lists of names in this table, whatever their keys: all are known.
    pub(super) fn lists(self) -> Vec<(String, Vec<String>)> {
        self.values()
    }

    /// The values in this table, whatever their keys.
    pub(super) fn values<T: FromNode>(self) -> Vec<(String, T)> {
        let mut values = Vec::new();
        for Entry { key, node, .. } in self.table.into_iter().flat_map(|table| &table.entries) {
            match T::from_node(node) {
                Ok(value) => {
                    let shown = written(node).map_or_else(|| value.show(), T::written);
                    self.findings.effective(&self.path, key, shown, &node.origin);
                    values.push((key.clone(), value));
                }
                Err(Wrong { reason, fix }) => {
                    self.findings.problem(&node.origin, format!("`{key}`: {reason}"), fix);
                }
            }
        }
        values
    }

    /// The texts in this table, whatever their keys, as `read` takes them; its reason and fix otherwise.
    pub(super) fn texts<T>(
        self,
        read: impl Fn(&str) -> Result<T, (String, String)>,
    ) -> Vec<(String, T)> {
        let mut texts = Vec::new();
        for Entry { key, node, .. } in self.table.into_iter().flat_map(|table| &table.entries) {
            let text = String::from_node(node).map_err(|wrong| (wrong.reason, wrong.fix));
            match text.and_then(|text| Ok((read(&text)?, text))) {
                Ok((value, text)) => {
                    let shown = written(node).map_or_else(|| text.show(), String::written);
                    self.findings.effective(&self.path, key, shown, &node.origin);
                    texts.push((key.clone(), value));
                }
                Err((reason, fix)) => {
                    self.findings.problem(&node.origin, format!("`{key}`: {reason}"), fix);
                }
            }
        }
        texts
    }

    /// The numbers in this table, whatever their keys, as `read` takes them; its reason and fix otherwise.
    pub(super) fn numbers<T>(
        self,
        read: impl Fn(&str, u64) -> Result<T, (String, String)>,
    ) -> Vec<T> {
        let mut numbers = Vec::new();
        for Entry { key, node, .. } in self.table.into_iter().flat_map(|table| &table.entries) {
            let number = u64::from_node(node).map_err(|wrong| (wrong.reason, wrong.fix));
            match number.and_then(|number| Ok((read(key, number)?, number))) {
                Ok((value, number)) => {
                    self.findings.effective(&self.path, key, number.show(), &node.origin);
                    numbers.push(value);
                }
                Err((reason, fix)) => {
                    self.findings.problem(&node.origin, format!("`{key}`: {reason}"), fix);
                }
            }
        }
        numbers
    }

    fn child(&self, name: &str, table: Option<&'a Table>) -> Reader<'a> {
        Reader { findings: self.findings, path: self.dotted(name), table, known: Vec::new() }
    }

    fn dotted(&self, key: impl Display) -> String {
        match self.path.as_str() {
            "" => key.to_string(),
            path => format!("{path}.{key}"),
        }
    }

    /// Refuses the keys that nobody asked for.
    pub(super) fn finish(self) {
        for entry in self.table.iter().flat_map(|table| &table.entries) {
            if self.known.contains(&entry.key.as_str()) {
                continue;
            }
            let within = match self.path.as_str() {
                "" => "at the top level".to_owned(),
                path => format!("in [{path}]"),
            };
            let reason = format!("unknown key `{}` {within}", entry.key);
            let fix = nearest(&entry.key, self.known.iter().copied());
            self.findings.problem(&entry.origin, reason, fix);
        }
    }
}

/// The text of a value as it was written, if variables were filled in: they may hold secrets.
fn written(node: &Node) -> Option<&str> {
    match &node.kind {
        Kind::Text { value, shown } if value != shown => Some(shown),
        _ => None,
    }
}
