//! Rules and boards ask for what is told, and for nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    fs,
    path::Path,
};

use seam_telemetry::{
    grafana::BOARDS,
    metrics::{Kind, METRICS},
    prometheus::{ALERTS_PAGE, RULES, Scrape},
};
use tempfile::tempdir;

use crate::promtool::promtool;

/// The alerts that were promised.
const ALERTS: [&str; 8] = [
    "SeamServiceDown",
    "SeamUnitNotReady",
    "SeamSlow",
    "SeamFailing",
    "SeamOverloaded",
    "SeamUnknownOpen",
    "SeamRestarting",
    "SeamDropped",
];
const RULES_TEST: &str = include_str!("rules_test.yml");
/// What PromQL has between names of metrics.
const WORDS: [&str; 8] = ["and", "or", "unless", "by", "on", "ignoring", "without", "vector"];
/// What Prometheus adds to each series.
const ADDED: [&str; 2] = ["job", "instance"];

/// The names of metrics and of labels in a query.
fn names(query: &str) -> (BTreeSet<String>, BTreeSet<String>) {
    let (mut metrics, mut labels) = (BTreeSet::new(), BTreeSet::new());
    let bare: String = query.split('"').step_by(2).collect();
    let (mut rest, mut is_labels) = (bare.as_str(), false);
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_alphabetic() || first == '_' {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            let after = after.trim_start();
            let is_called = after.starts_with('(') || after.starts_with("by (");
            match name {
                "by" | "on" => is_labels = true,
                _ if is_labels => drop(labels.insert(name.to_owned())),
                _ if WORDS.contains(&name) || is_called => {}
                _ => drop(metrics.insert(name.to_owned())),
            }
            rest = after;
        } else {
            match first {
                '{' => is_labels = true,
                '}' | ')' => is_labels = false,
                // A range, not a name.
                '[' => rest = &rest[rest.find(']').unwrap()..],
                // Nor is a number.
                '0'..='9' => rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric()),
                _ => {}
            }
            if !first.is_ascii_digit() {
                rest = &rest[1..];
            }
        }
    }
    (metrics, labels)
}

/// All labels of a series; none if there is no such one.
fn labels(series: &str) -> Option<BTreeSet<&'static str>> {
    let found = METRICS.iter().find_map(|metric| {
        let suffix = series.strip_prefix(metric.name)?;
        let labels = metric.labels.iter().copied();
        match (metric.kind, suffix) {
            (Kind::Counter | Kind::Gauge, "") | (Kind::Histogram, "_sum" | "_count") => {
                Some(labels.collect())
            }
            (Kind::Histogram, "_bucket") => Some(labels.chain(["le"]).collect()),
            _ => None,
        }
    });
    found.map(|labels: BTreeSet<_>| labels.into_iter().chain(ADDED).collect())
}

fn hold_to_what_is_told(query: &str) {
    let (metrics, used) = names(query);
    assert!(!metrics.is_empty(), "{query}");
    let all: BTreeMap<_, _> = metrics.iter().map(|metric| (metric, labels(metric))).collect();
    for (metric, known) in &all {
        assert!(known.is_some(), "nothing tells {metric}: {query}");
    }
    for label in used {
        let known = all.values().flatten().any(|known| known.contains(label.as_str()));
        assert!(known, "none of {metrics:?} has {label}: {query}");
    }
}

/// The expressions of the rules' file, by their alerts.
fn rules() -> Vec<(&'static str, String)> {
    let parts = RULES.split("- alert: ").skip(1);
    let rule = |part: &'static str| {
        let (name, rest) = part.split_once('\n').unwrap();
        let (_, expr) = rest.split_once("expr: |\n").unwrap();
        let lines = expr.lines().take_while(|line| line.starts_with("          "));
        (name, lines.collect::<Vec<_>>().join("\n"))
    };
    parts.map(rule).collect()
}

#[test]
fn names_are_found_in_queries() {
    let query = r#"histogram_quantile(0.99, sum by (a, le) (rate(x_bucket{b="c d",e!~"f"}[5m])))
                   or y > 1e3 and on (g) time() - vector(0)"#;
    let (metrics, labels) = names(query);
    assert_eq!(metrics, ["x_bucket".to_owned(), "y".to_owned()].into());
    assert_eq!(labels, ["a", "b", "e", "g", "le"].map(str::to_owned).into());
    assert!(
        std::panic::catch_unwind(|| hold_to_what_is_told("sum by (route) (seam_in_flight)"))
            .is_err()
    );
    assert!(std::panic::catch_unwind(|| hold_to_what_is_told("seam_calls")).is_err());
}

#[test]
fn alerts_ask_for_what_is_told_and_have_a_page_and_a_case() {
    let rules = rules();
    assert_eq!(rules.iter().map(|(name, _)| *name).collect::<Vec<_>>(), ALERTS);
    for (name, expr) in rules {
        hold_to_what_is_told(&expr);
        assert!(
            ALERTS_PAGE.contains(&format!("\n## {name}\n")),
            "docs/alerts.md has nothing of {name}"
        );
        let link = format!("runbook_url: docs/alerts.md#{}\n", name.to_lowercase());
        assert!(RULES.contains(&link), "{name} has no link to its page");
        assert!(RULES_TEST.contains(&format!("alertname: {name}\n")), "{name} has no case");
    }
}

#[test]
fn boards_ask_for_what_is_told() {
    let mut drawn = BTreeSet::new();
    for board in BOARDS {
        for query in board.panels.iter().flat_map(|panel| panel.queries) {
            hold_to_what_is_told(query.expr);
            drawn.extend(names(query.expr).0);
        }
        if let Some((metric, label)) = board.narrowed {
            assert!(labels(metric).unwrap().contains(label));
        }
        let json = board.json();
        assert_eq!(json["panels"].as_array().unwrap().len(), board.panels.len());
        assert!(
            json["panels"]
                .as_array()
                .unwrap()
                .iter()
                .all(|panel| panel["targets"][0]["expr"].is_string())
        );
    }
    let undrawn =
        METRICS.iter().filter(|metric| !drawn.iter().any(|name| name.starts_with(metric.name)));
    assert_eq!(undrawn.map(|metric| metric.name).collect::<Vec<_>>(), [""; 0]);
    let names: BTreeSet<_> = BOARDS.iter().map(|board| board.name).collect();
    assert_eq!(names, ["gateway", "overview", "services", "units"].into());
}

#[test]
fn promtool_takes_every_file_and_each_alert_fires() {
    let folder = tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write("rules.yml", RULES);
    write("rules_test.yml", RULES_TEST);
    write("token", "of the operator");
    write("boards.yml", &board_rules());
    let scrape = |token_file: Option<&str>| Scrape {
        app: "shop \"1\"".into(),
        targets: vec!["127.0.0.1:7070".into(), "[::1]:7071".into()],
        token_file: token_file.map(str::to_owned),
    };
    let run = |args: &[&str]| promtool(Path::new(folder.path()), args, "");
    run(&["check", "rules", "rules.yml"]);
    run(&["check", "rules", "boards.yml"]);
    run(&["test", "rules", "rules_test.yml"]);
    for token_file in [None, Some("token")] {
        write("prometheus.yml", &scrape(token_file).config());
        run(&["check", "config", "prometheus.yml"]);
    }
}

/// The boards' queries as rules, since that is what is checked.
fn board_rules() -> String {
    let mut text = "groups:\n  - name: boards\n    rules:\n".to_owned();
    let panels = BOARDS.iter().flat_map(|board| board.panels);
    for (at, query) in panels.flat_map(|panel| panel.queries).enumerate() {
        let expr = query.expr.replace("$__rate_interval", "5m");
        write!(text, "      - record: board:query{at}\n        expr: |\n          {expr}\n")
            .unwrap();
    }
    text
}
