//! The environment: `SEAM__APP__DATA=…` overrides a key, `${VAR}` fills a text.

use std::{collections::BTreeMap, ffi::OsString};

use super::{
    origin::Origin,
    problem::{Problem, Problems},
    tree::{Entry, Kind, Node, Table},
};

/// What every overriding variable begins with.
const PREFIX: &str = "SEAM__";

/// Variables by name. Config never reads the process's own: its caller passes them.
pub(crate) type Env = BTreeMap<String, String>;

/// The variables of this process, for [`Config::load`](super::Config::load). What isn't Unicode can't
/// be config, and is left out.
///
/// # Errors
/// Names each `SEAM__…` that isn't Unicode: somebody meant it to be config.
pub fn environment() -> Result<Vec<(String, String)>, Problems> {
    let (mut env, mut problems) = (Vec::new(), Vec::new());
    for (name, value) in std::env::vars_os() {
        match (name.into_string(), value.into_string()) {
            (Ok(name), Ok(value)) => env.push((name, value)),
            (name, _) => {
                let lossy = |name: OsString| name.to_string_lossy().into_owned();
                let name = name.unwrap_or_else(lossy);
                if name.starts_with(PREFIX) {
                    let reason = "this variable is no Unicode text";
                    let fix = "set it to UTF-8 text, or unset it";
                    problems.push(Problem::new(&Origin::Env(name.into()), reason, fix));
                }
            }
        }
    }
    if problems.is_empty() { Ok(env) } else { Err(problems.into_iter().collect()) }
}

/// The `SEAM__…` variables, by name.
pub(super) fn overrides(env: &Env) -> impl Iterator<Item = (&String, &String)> {
    env.iter().filter(|(name, _)| name.starts_with(PREFIX))
}

/// Puts every `SEAM__…` variable into the tree, over what the file says.
///
/// Levels are parted by two underscores and match existing keys, and the names of `services`,
/// whatever their case, `-` as `_`. In a service's own table, underscores needn't match either: a
/// field may be `maxSize`.
pub(super) fn override_keys(
    root: &mut Table,
    env: &Env,
    services: &[&str],
    problems: &mut Vec<Problem>,
) {
    for (name, value) in env {
        let Some(path) = name.strip_prefix(PREFIX) else { continue };
        let origin = Origin::Env(name.as_str().into());
        let levels: Vec<&str> = path.split("__").collect();
        if levels.iter().any(|level| level.is_empty()) {
            problems.push(Problem::new(
                &origin,
                "this variable names no key: a level of it is empty",
                "write SEAM__TABLE__KEY, e.g. SEAM__APP__DATA",
            ));
            continue;
        }
        let mut variable = Variable { value, origin: &origin, services, path: Vec::new() };
        problems.extend(variable.set(root, &levels).err());
    }
}

/// A variable on its way to its key.
struct Variable<'a> {
    value: &'a str,
    origin: &'a Origin,
    /// The names that `[services]` may have.
    services: &'a [&'a str],
    /// The levels above, as they are spelled in the tree.
    path: Vec<String>,
}

impl Variable<'_> {
    fn set(&mut self, table: &mut Table, levels: &[&str]) -> Result<(), Problem> {
        let Some((level, deeper)) = levels.split_first() else { return Ok(()) };
        let index = self.find(table, level);
        let entry = &mut table.entries[index];
        match &mut entry.node.kind {
            // Only a variable is raw.
            Kind::Raw(_) => return Err(self.twice(&entry.origin)),
            _ if deeper.is_empty() => {
                entry.origin = self.origin.clone();
                let kind = Kind::Raw(self.value.into());
                entry.node = Node { origin: self.origin.clone(), kind };
            }
            Kind::Table(table) => {
                self.path.push(entry.key.clone());
                self.set(table, deeper)?;
            }
            // A key in the way that is no table: what is known of the table says so. Of a
            // service's own, nothing is.
            _ if self.is_own() => {
                return Err(Problem::new(
                    self.origin,
                    format!("`{}` is no table, so there is no key in it", entry.key),
                    "leave the last level out, or make it a table",
                ));
            }
            _ => {}
        }
        Ok(())
    }

    /// The entry that a level names; a new one if there is none.
    fn find(&self, table: &mut Table, level: &str) -> usize {
        let level = folded(level);
        let same = |entry: &Entry| folded(&entry.key) == level;
        let alike = |entry: &Entry| self.is_own() && loose(&entry.key) == loose(&level);
        let found = table.entries.iter().position(same);
        found.or_else(|| table.entries.iter().position(alike)).unwrap_or_else(|| {
            let known = |name: &&&str| self.path == ["services"] && folded(name) == level;
            let known = self.services.iter().find(known);
            let key = known.map_or(level.clone(), |name| (*name).to_owned());
            let origin = self.origin.clone();
            let node = Node { origin: origin.clone(), kind: Kind::Table(Table::default()) };
            table.entries.push(Entry { key, origin, node });
            table.entries.len() - 1
        })
    }

    /// Whether the levels above are of a service's own table.
    fn is_own(&self) -> bool {
        matches!(&self.path[..], [services, _, config, ..]
            if services == "services" && config == "config")
    }

    fn twice(&self, other: &Origin) -> Problem {
        let reason = format!("{other} sets the same key, or a table around it");
        Problem::new(self.origin, reason, format!("unset {other} or {}", self.origin))
    }
}

fn folded(key: &str) -> String {
    key.to_lowercase().replace('-', "_")
}

/// A key without what case and underscores say: how a variable matches the field of a type.
pub(super) fn loose(key: &str) -> String {
    folded(key).replace('_', "")
}

/// Fills `${VAR}` and `${VAR:-default}` in every text of the tree; `$${` stands for `${`.
pub(super) fn fill(table: &mut Table, env: &Env, problems: &mut Vec<Problem>) {
    for entry in &mut table.entries {
        fill_node(&mut entry.node, env, problems);
    }
}

fn fill_node(node: &mut Node, env: &Env, problems: &mut Vec<Problem>) {
    match &mut node.kind {
        Kind::Text { value, shown } => match expand(shown, env) {
            Ok(filled) => *value = filled,
            Err(Unfilled::Missing(name)) => problems.push(Problem::new(
                &node.origin,
                format!("the variable `{name}` is not set"),
                format!("set {name} in the environment, or give a default: ${{{name}:-…}}"),
            )),
            Err(Unfilled::Malformed) => problems.push(Problem::new(
                &node.origin,
                "this text has a `${` that is no variable",
                "write ${NAME} or ${NAME:-default}; for the characters themselves write $${",
            )),
        },
        Kind::List(nodes) => nodes.iter_mut().for_each(|node| fill_node(node, env, problems)),
        Kind::Table(table) => fill(table, env, problems),
        _ => {}
    }
}

enum Unfilled {
    Missing(String),
    Malformed,
}

fn expand(text: &str, env: &Env) -> Result<String, Unfilled> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            filled.push_str(&rest[..at - 1]);
            filled.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        filled.push_str(&rest[..at]);
        let (inside, after) = rest[at + 2..].split_once('}').ok_or(Unfilled::Malformed)?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (inside, None),
        };
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(letters) {
            return Err(Unfilled::Malformed);
        }
        match (env.get(name), default) {
            (Some(value), _) => filled.push_str(value),
            (None, Some(default)) => filled.push_str(default),
            (None, None) => return Err(Unfilled::Missing(name.into())),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
