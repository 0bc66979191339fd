//! The config as a tree in which every value knows its origin.

use std::{ops::Range, sync::Arc};

use serde_json::{Value as Json, json};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{origin::Origin, problem::Problem, source::Source};

/// What is shown of a secret.
const MASK: &str = "***";

/// A value and where it was written.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) origin: Origin,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    /// `shown` is the text before `${VAR}` was filled in: it may be printed.
    Text {
        value: String,
        shown: String,
    },
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Datetime(String),
    List(Vec<Node>),
    Table(Table),
    /// An environment variable's text: whoever reads it decides on its type.
    Raw(String),
}

/// A table in the order of the file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: Vec<Entry>,
}

/// A key and its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    /// Where the key was written: for a table, its header.
    pub(crate) origin: Origin,
    pub(crate) node: Node,
}

impl Table {
    pub(crate) fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.key.as_str())
    }

    /// Where `path` was written, or else the nearest table around it; `Default` if nothing was.
    pub(crate) fn origin(&self, path: &[&str]) -> Origin {
        let mut origin = Origin::Default;
        let mut table = Some(self);
        for key in path {
            let Some(entry) = table.and_then(|table| table.entry(key)) else { break };
            origin = entry.origin.clone();
            table = entry.node.table();
        }
        origin
    }

    /// The value at `path`.
    pub(crate) fn node(&self, path: &[&str]) -> Option<&Node> {
        let (last, parents) = path.split_last()?;
        parents.iter().try_fold(self, |table, key| table.get(key)?.table())?.get(last)
    }

    /// Where `element` stands in the list at `path`, or else the list.
    pub(crate) fn element_origin(&self, path: &[&str], element: &str) -> Origin {
        let is = |node: &&Node| matches!(&node.kind, Kind::Text { value, .. } if value == element);
        match self.node(path).map(|node| &node.kind) {
            Some(Kind::List(elements)) => elements
                .iter()
                .find(is)
                .map_or_else(|| self.origin(path), |node| node.origin.clone()),
            _ => self.origin(path),
        }
    }
}

impl Node {
    pub(crate) fn table(&self) -> Option<&Table> {
        match &self.kind {
            Kind::Table(table) => Some(table),
            _ => None,
        }
    }

    /// A text that nobody wrote.
    pub(crate) fn default_text(text: &str) -> Self {
        let kind = Kind::Text { value: text.into(), shown: text.into() };
        Self { origin: Origin::Default, kind }
    }

    /// The value as JSON, with `${VAR}` as it was written, and a secret masked.
    pub(crate) fn show(&self) -> Json {
        match &self.kind {
            Kind::Table(_) => {}
            _ if self.origin.is_secret() => return json!(MASK),
            _ => {}
        }
        match &self.kind {
            Kind::Text { shown, .. } => json!(shown),
            Kind::List(nodes) => nodes.iter().map(Node::show).collect(),
            Kind::Table(table) => {
                let entry = |entry: &Entry| (entry.key.clone(), entry.node.show());
                Json::Object(table.entries.iter().map(entry).collect())
            }
            Kind::Raw(text) => match parse_value(text, &self.origin) {
                Some(node) => node.show(),
                None => json!(text),
            },
            _ => self.show_plain(),
        }
    }

    /// A number, a boolean or a date as JSON; what has other values in it, or is a text, isn't one.
    pub(crate) fn show_plain(&self) -> Json {
        match &self.kind {
            Kind::Integer(number) => json!(number),
            Kind::Float(number) => json!(number),
            Kind::Boolean(value) => json!(value),
            Kind::Datetime(text) => json!(text),
            _ => Json::Null,
        }
    }

    /// What it is, for messages; never the filled-in text of a `${VAR}`, and no secret.
    pub(crate) fn describe(&self) -> String {
        match &self.kind {
            Kind::Raw(_) if self.origin.is_secret() => "another".into(),
            Kind::Text { shown, .. } => format!("the text {shown:?}"),
            Kind::Raw(text) => format!("{text:?}"),
            Kind::Integer(value) => format!("the number {value}"),
            Kind::Float(value) => format!("the number {value:?}"),
            Kind::Boolean(value) => format!("`{value}`"),
            Kind::Datetime(value) => format!("the date {value}"),
            Kind::List(_) => "a list".into(),
            Kind::Table(_) => "a table".into(),
        }
    }
}

/// Parses a file; every syntax error that the parser can tell apart is a problem.
pub(super) fn parse(source: &Arc<Source>) -> Result<Table, Vec<Problem>> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    if errors.is_empty() {
        let mut problems = Vec::new();
        let at = |span| Origin::at(source, span);
        let table = convert_table(table.into_inner(), &at, &mut problems);
        return if problems.is_empty() { Ok(table) } else { Err(problems) };
    }
    let problem = |error: toml::de::Error| {
        let origin = match error.span() {
            Some(span) => Origin::at(source, span),
            None => Origin::top(source),
        };
        let reason = format!("this is not TOML: {}", error.message().trim_end());
        let fix = match error.message().starts_with("duplicate key") {
            true => "keep one of the two",
            false => "see https://toml.io for the syntax; texts need quotes",
        };
        Problem::new(&origin, reason, fix)
    };
    Err(errors.into_iter().map(problem).collect())
}

/// Parses a text that may be broken: what it has all the same.
pub(super) fn parse_what_can_be(source: &Arc<Source>) -> Table {
    let (table, _) = DeTable::parse_recoverable(&source.text);
    convert_table(table.into_inner(), &|span| Origin::at(source, span), &mut Vec::new())
}

/// Parses one value that isn't in a file.
pub(super) fn parse_value(text: &str, origin: &Origin) -> Option<Node> {
    let value = DeValue::parse(text).ok()?;
    let mut problems = Vec::new();
    let node = convert(value, &|_| origin.clone(), &mut problems);
    problems.is_empty().then_some(node)
}

fn convert_table(
    table: DeTable<'_>,
    at: &dyn Fn(Range<usize>) -> Origin,
    problems: &mut Vec<Problem>,
) -> Table {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let origin = at(key.span());
        let node = convert(value, at, problems);
        entries.push(Entry { key: key.into_inner().into_owned(), origin, node });
    }
    Table { entries }
}

fn convert(
    value: Spanned<DeValue<'_>>,
    at: &dyn Fn(Range<usize>) -> Origin,
    problems: &mut Vec<Problem>,
) -> Node {
    let origin = at(value.span());
    let kind = match value.into_inner() {
        DeValue::String(text) => Kind::Text { value: text.to_string(), shown: text.to_string() },
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Kind::Integer(number),
            Err(_) => {
                let reason = format!("the number {number} is too large");
                problems.push(Problem::new(&origin, reason, "use one below 2^63"));
                Kind::Integer(0)
            }
        },
        // TOML's floats are Rust's, once the underscores (which the parser takes out) are gone.
        DeValue::Float(number) => Kind::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Kind::Boolean(value),
        DeValue::Datetime(value) => Kind::Datetime(value.to_string()),
        DeValue::Array(list) => {
            Kind::List(list.into_iter().map(|value| convert(value, at, problems)).collect())
        }
        DeValue::Table(table) => Kind::Table(convert_table(table, at, problems)),
    };
    Node { origin, kind }
}
