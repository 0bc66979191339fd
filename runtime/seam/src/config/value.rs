//! What a single value may be, and how each is read and shown.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value as Json, json};

use super::{
    origin::Origin,
    problem::{nearest, ticked},
    tree::{Kind, Node, parse_value},
};

/// A type that a value of the config can have.
pub(super) trait FromNode: Sized {
    fn from_node(node: &Node) -> Result<Self, Wrong>;

    /// What `config` shows.
    fn show(&self) -> Json;

    /// What it shows of a text with `${VAR}` in it, as it is written.
    fn written(text: &str) -> Json {
        json!(text)
    }
}

/// Why a value doesn't do.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) reason: String,
    pub(super) fix: String,
}

/// An enum of the config: its names and its values.
pub(super) trait Choice: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];
}

/// A number of bytes: `1048576`, `"1MiB"`, `"16 KiB"`.
#[derive(Clone, Copy)]
pub(super) struct Bytes(pub(super) u64);

/// The longest duration that the config takes: a day. It keeps sums of times in range.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// The longest time for which something is kept.
const LONGEST_AGE: Duration = Duration::from_secs(3_650 * 24 * 60 * 60);

fn wrong(node: &Node, wanted: &str, fix: impl Into<String>) -> Wrong {
    Wrong { reason: format!("expected {wanted}, found {}", node.describe()), fix: fix.into() }
}

/// A variable's text as the value that it would be in the file.
pub(super) fn typed(node: &Node) -> Option<Node> {
    match &node.kind {
        Kind::Raw(text) => parse_value(text, &node.origin),
        _ => None,
    }
}

/// The elements of a list that a variable has set: a list as in the file, or texts with commas.
pub(super) fn elements(text: &str, origin: &Origin) -> Vec<Node> {
    if let Some(Node { kind: Kind::List(nodes), .. }) = parse_value(text, origin) {
        return nodes;
    }
    let texts = text.split(',').map(str::trim).filter(|text| !text.is_empty());
    texts.map(|text| Node { origin: origin.clone(), kind: Kind::Raw(text.into()) }).collect()
}

impl FromNode for String {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        match &node.kind {
            Kind::Text { value, .. } => Ok(value.clone()),
            Kind::Raw(text) => match typed(node).map(|node| node.kind) {
                Some(Kind::Text { value, .. }) => Ok(value),
                _ => Ok(text.clone()),
            },
            Kind::Integer(_) | Kind::Float(_) | Kind::Boolean(_) | Kind::Datetime(_) => {
                Err(wrong(node, "a text", "put it in quotes"))
            }
            _ => Err(wrong(node, "a text", "write one text in quotes")),
        }
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

impl FromNode for PathBuf {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        match String::from_node(node)? {
            path if path.is_empty() => Err(wrong(node, "a path", "name a folder, e.g. \"data\"")),
            path => Ok(path.into()),
        }
    }

    fn show(&self) -> Json {
        json!(self.display().to_string())
    }
}

impl FromNode for u64 {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let of = |node: &Node| match node.kind {
            Kind::Integer(number) => u64::try_from(number).ok(),
            _ => None,
        };
        let number = of(node).or_else(|| typed(node).as_ref().and_then(of));
        number.ok_or_else(|| wrong(node, "a whole number", "write it without quotes, e.g. 1024"))
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

/// An empty text stands for none, so that a variable can take a number away.
impl FromNode for Option<u64> {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        match &node.kind {
            Kind::Text { value: text, .. } | Kind::Raw(text) if text.is_empty() => Ok(None),
            _ => u64::from_node(node).map(Some),
        }
    }

    fn show(&self) -> Json {
        self.map_or_else(|| json!(""), |number| json!(number))
    }
}

impl FromNode for bool {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let of = |node: &Node| match node.kind {
            Kind::Boolean(value) => Some(value),
            _ => None,
        };
        let value = of(node).or_else(|| typed(node).as_ref().and_then(of));
        value.ok_or_else(|| wrong(node, "`true` or `false`", "write it without quotes: true"))
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

impl FromNode for f64 {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let of = |node: &Node| match node.kind {
            Kind::Float(number) => Some(number),
            Kind::Integer(number) => Some(number as f64),
            _ => None,
        };
        let number = of(node).or_else(|| typed(node).as_ref().and_then(of));
        number.ok_or_else(|| wrong(node, "a number", "write it without quotes, e.g. 0.01"))
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

impl FromNode for Vec<String> {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let fix = "write a list of names, e.g. [\"user\", \"order\"]";
        match &node.kind {
            Kind::List(nodes) => nodes.iter().map(String::from_node).collect(),
            Kind::Raw(text) => elements(text, &node.origin).iter().map(String::from_node).collect(),
            Kind::Text { value, .. } => Err(wrong(node, "a list", format!("write [{value:?}]"))),
            _ => Err(wrong(node, "a list", fix)),
        }
    }

    fn show(&self) -> Json {
        json!(self)
    }
}

impl FromNode for Duration {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        match any_duration(node, "a duration such as \"250ms\", \"5s\" or \"2m\"")? {
            duration if duration > LONGEST => {
                let reason = format!("{} is longer than a day", node.describe());
                Err(Wrong { reason, fix: "use at most \"24h\"".into() })
            }
            duration => Ok(duration),
        }
    }

    fn show(&self) -> Json {
        json!(show_duration(*self))
    }
}

/// How long something is kept: days, mostly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Age(pub(super) Duration);

impl FromNode for Age {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        match any_duration(node, "a time such as \"24h\" or \"7d\"")? {
            duration if duration > LONGEST_AGE => {
                let reason = format!("{} is longer than ten years", node.describe());
                Err(Wrong { reason, fix: "use at most \"3650d\"".into() })
            }
            duration => Ok(Self(duration)),
        }
    }

    fn show(&self) -> Json {
        json!(show_duration(self.0))
    }
}

fn any_duration(node: &Node, wanted: &str) -> Result<Duration, Wrong> {
    let text = match &node.kind {
        Kind::Integer(number) => {
            return Err(wrong(node, wanted, format!("give it a unit: \"{number}s\"")));
        }
        _ => String::from_node(node).map_err(|_| wrong(node, wanted, "write \"5s\""))?,
    };
    let units = "use a number and one of the units us, ms, s, m, h, d: \"5s\"";
    duration(&text).ok_or_else(|| wrong(node, wanted, units))
}

/// Reads `250ms`, `1.5s`, `2m`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let number = number.trim();
    let plain = number.chars().all(|c| c.is_ascii_digit() || c == '.');
    let number = number.parse::<f64>().ok().filter(|_| plain)?;
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return None,
    };
    Duration::try_from_secs_f64(number * seconds).ok()
}

/// The shortest text that reads as this duration.
pub(super) fn show_duration(duration: Duration) -> String {
    let micros = duration.as_micros();
    let units = [
        (86_400_000_000, "d"),
        (3_600_000_000, "h"),
        (60_000_000, "m"),
        (1_000_000, "s"),
        (1_000, "ms"),
    ];
    // A day is 24 hours to most keys.
    let fits = |(size, unit): &(u128, &str)| {
        micros.is_multiple_of(*size) && micros > if *unit == "d" { *size } else { 0 }
    };
    match units.into_iter().find(fits) {
        Some((size, unit)) => format!("{}{unit}", micros / size),
        None if micros == 0 => "0ms".into(),
        None => format!("{micros}us"),
    }
}

impl FromNode for Bytes {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        if let Ok(number) = u64::from_node(node) {
            return Ok(Self(number));
        }
        let fix = "use a number and one of B, KiB, MiB, GiB: \"1MiB\"";
        let wanted = "a size such as \"16KiB\" or \"1MiB\"";
        let text = String::from_node(node).map_err(|_| wrong(node, wanted, fix))?;
        bytes(&text).map(Self).ok_or_else(|| wrong(node, wanted, fix))
    }

    fn show(&self) -> Json {
        let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match units.iter().find(|(size, _)| self.0 > 0 && self.0.is_multiple_of(*size)) {
            Some((size, unit)) => json!(format!("{}{unit}", self.0 / size)),
            None => json!(self.0),
        }
    }
}

fn bytes(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let unit = match unit {
        "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.trim().parse::<u64>().ok()?.checked_mul(unit)
}

impl<T: Choice> FromNode for T {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let names: Vec<&str> = T::ALL.iter().map(|(name, _)| *name).collect();
        let wanted = format!("one of {}", ticked(&names));
        let fix = || format!("write {:?}", names[0]);
        let text = String::from_node(node).map_err(|_| wrong(node, &wanted, fix()))?;
        match T::ALL.iter().find(|(name, _)| *name == text) {
            Some((_, value)) => Ok(*value),
            None => Err(wrong(node, &wanted, nearest(&text, names.iter().copied()))),
        }
    }

    fn show(&self) -> Json {
        let name = T::ALL.iter().find(|(_, value)| value == self).map(|(name, _)| *name);
        json!(name.unwrap_or_default())
    }
}
