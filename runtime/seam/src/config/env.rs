//! The environment: `SEAM__APP__DATA=…` overrides a key, `${VAR}` fills a text.

use std::collections::BTreeMap;

use super::{
    origin::Origin,
    problem::Problem,
    tree::{Entry, Kind, Node, Table},
};

/// What every overriding variable begins with.
const PREFIX: &str = "SEAM__";

/// Variables by name. Config never reads the process's own: its caller passes them.
pub(crate) type Env = BTreeMap<String, String>;

/// Puts every `SEAM__…` variable into the tree, over what the file says.
///
/// Levels are parted by two underscores and match existing keys whatever their case, `-` as `_`.
pub(super) fn override_keys(root: &mut Table, env: &Env, problems: &mut Vec<Problem>) {
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
        set(root, &levels, value, &origin);
    }
}

fn set(table: &mut Table, levels: &[&str], value: &str, origin: &Origin) {
    let Some((level, deeper)) = levels.split_first() else { return };
    let level = level.to_lowercase();
    let same = |entry: &Entry| entry.key.to_lowercase().replace('-', "_") == level;
    let index = table.entries.iter().position(same).unwrap_or_else(|| {
        let node = Node { origin: origin.clone(), kind: Kind::Table(Table::default()) };
        table.entries.push(Entry { key: level, origin: origin.clone(), node });
        table.entries.len() - 1
    });
    let entry = &mut table.entries[index];
    if deeper.is_empty() {
        entry.origin = origin.clone();
        entry.node = Node { origin: origin.clone(), kind: Kind::Raw(value.into()) };
    } else if let Kind::Table(table) = &mut entry.node.kind {
        set(table, deeper, value, origin);
    }
    // A key in the way that is no table is a problem of its own, which the reader reports.
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
