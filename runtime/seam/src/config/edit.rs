//! The text of a config in which a service lives in another unit: all else stays as it is written,
//! comments and layout included.

use toml_edit::{Array, DocumentMut, Value};

/// The text with `service` in unit `to`, and no more in unit `from`.
///
/// # Errors
/// Says what of the text can't be changed so, and what to do.
pub(crate) fn moved(text: &str, service: &str, from: &str, to: &str) -> Result<String, String> {
    let mut document: DocumentMut =
        text.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    take_out(services(&mut document, from)?, service);
    put_in(services(&mut document, to)?, service);
    Ok(document.to_string())
}

/// The list of a unit's services.
fn services<'d>(document: &'d mut DocumentMut, unit: &str) -> Result<&'d mut Array, String> {
    let list = format!("list the services of [units.{unit}] in the file");
    // As tables: an index of what isn't there would put it there.
    let units = document.get_mut("units").and_then(|units| units.as_table_like_mut());
    let table = units.and_then(|units| units.get_mut(unit));
    let Some(table) = table else {
        return Err(format!("the file has no [units.{unit}]\n  fix: {list}"));
    };
    let services = table.get_mut("services").and_then(|services| services.as_array_mut());
    match services {
        Some(services) if services.iter().any(|name| name.as_str() == Some("*")) => Err(format!(
            "unit `{unit}` hosts \"*\", every service, which can't be said of all but one\n  \
             fix: {list}, one by one"
        )),
        Some(services) => Ok(services),
        None => Err(format!(
            "[units.{unit}] has no list of `services`: it hosts every service\n  fix: {list}"
        )),
    }
}

fn take_out(services: &mut Array, service: &str) {
    let Some(at) = services.iter().position(|name| name.as_str() == Some(service)) else { return };
    let removed = services.remove(at);
    // What stood before the first stands before the one that is the first now.
    if at == 0
        && let Some(first) = services.get_mut(0)
        && let Some(prefix) = removed.decor().prefix()
    {
        first.decor_mut().set_prefix(prefix.clone());
    }
}

fn put_in(services: &mut Array, service: &str) {
    if services.iter().any(|name| name.as_str() == Some(service)) {
        return;
    }
    // As the others are written, on a line of its own, say, but for the comment of the one before.
    let last = services.len().checked_sub(1).and_then(|last| services.get(last));
    let before = last.map(|last| last.decor().prefix().and_then(|prefix| prefix.as_str()));
    let prefix = match before {
        None => String::new(),
        Some(prefix) => {
            match prefix.and_then(|prefix| prefix.rfind('\n').map(|at| &prefix[at..])) {
                Some(line) => line.to_owned(),
                None => " ".to_owned(),
            }
        }
    };
    let mut value = Value::from(service);
    value.decor_mut().set_prefix(prefix);
    // What stands behind the last one stays at the end of the list.
    if let Some(last) = services.len().checked_sub(1).and_then(|last| services.get_mut(last)) {
        let suffix = last.decor().suffix().cloned().unwrap_or_default();
        last.decor_mut().set_suffix("");
        value.decor_mut().set_suffix(suffix);
    }
    services.push_formatted(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# The shop.\n[units.front]   # who is asked\nservices = [\"user\", \"order\"] # two\n\
                        \n[units.pay]\nservices = [\n    \"payment\",  # money\n    \"ledger\",\n]\n\
                        [units]\nquote.services = []\nall = { services = [\"*\"] }\n[units.rest]\n";

    #[test]
    fn comments_and_layout_stay() {
        let there = moved(TEXT, "user", "front", "pay").unwrap();
        assert!(there.contains("services = [\"order\"] # two"), "{there}");
        assert!(
            there.contains("    \"payment\",  # money\n    \"ledger\",\n    \"user\",\n]"),
            "{there}"
        );
        let back = moved(&there, "user", "pay", "front").unwrap();
        assert_eq!(back, TEXT.replace("\"user\", \"order\"", "\"order\", \"user\""));
        let empty = moved(TEXT, "payment", "pay", "quote").unwrap();
        assert!(empty.contains("quote.services = [\"payment\"]"), "{empty}");
        assert!(empty.starts_with("# The shop.\n[units.front]   # who is asked\n"));
        let one =
            moved("[units.a]\nservices = [\"x\"]\n[units.b]\nservices = [\"y\"]\n", "x", "a", "b");
        assert_eq!(
            one.unwrap(),
            "[units.a]\nservices = []\n[units.b]\nservices = [\"y\", \"x\"]\n"
        );
    }

    #[test]
    fn what_a_list_can_not_say_is_refused() {
        let refused = |from, to| moved(TEXT, "user", from, to).unwrap_err();
        assert!(refused("all", "pay").starts_with("unit `all` hosts \"*\""));
        assert!(refused("front", "rest").starts_with("[units.rest] has no list of `services`"));
        assert!(refused("front", "away").starts_with("the file has no [units.away]"));
    }
}
