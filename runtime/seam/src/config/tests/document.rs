//! `docs/app-toml.md` has every key, with its default.

use super::*;

const DOCUMENT: &str = include_str!("../../../../../docs/app-toml.md");

/// Keys whose default depends on the machine, or that have none.
const EXAMPLES: [&str; 5] = [
    "app.threads",
    "edge.tls.cert",
    "edge.tls.key",
    "rehearsal.seed",
    "services.payment.config.max_charge_cents",
];

/// Tables whose keys are free to choose, or that are there only where they are written.
const EXAMPLE_TABLES: [&str; 12] = [
    "admin.tokens",
    "edge.allow",
    "edge.cache",
    "edge.files",
    "edge.grey",
    "edge.jwt",
    "edge.keys",
    "edge.rates",
    "edge.session",
    "edge.signing",
    "edge.versions",
    "otlp.headers",
];

#[test]
fn the_document_has_every_key_and_its_default() {
    let block = DOCUMENT.split_once("```toml\n").unwrap().1.split_once("```").unwrap().0;
    let documented = parse(block);
    // Which has keys only where it is written.
    let default = parse("[tls]\n[edge.tls]\ncert = \"c\"\nkey = \"k\"\n");
    let named = |e: &Effective| format!("{}.{}", e.table, e.key);
    for value in documented.effective() {
        let name = named(value);
        let other_service = value.table.starts_with("services.") && !name.contains(".order");
        if other_service && !EXAMPLES.contains(&name.as_str()) {
            continue;
        }
        assert!(matches!(value.origin, Origin::File(_)), "{name} isn't in the document");
        let there = default.effective().iter().find(|other| named(other) == name);
        let is_example = EXAMPLE_TABLES.iter().any(|table| value.table.starts_with(table));
        if !is_example && !EXAMPLES.contains(&name.as_str()) {
            assert_eq!(there.map(|other| &other.value), Some(&value.value), "{name}");
        }
    }
}
