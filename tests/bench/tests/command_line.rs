//! The bench as its users start it: what it writes is what its docs promise.
#![allow(clippy::unwrap_used)] // A test: a panic is its failure.

use std::process::Command;

use serde_json::Value;

/// Runs the bench with the shortest measurements; the rows that it wrote.
fn rows(arguments: &[&str]) -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rows.json");
    let output = Command::new(env!("CARGO_BIN_EXE_seam-bench"))
        .args(arguments)
        .args(["--rounds", "2", "--seconds", "0.1", "--json"])
        .arg(&file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

fn row<'a>(rows: &'a [Value], contender: &str) -> &'a Value {
    rows.iter().find(|row| row["contender"] == contender).unwrap()
}

#[test]
fn a_row_has_every_field_and_figures_their_spread() {
    let rows = rows(&["local", "--peer", "plain", "dyn", "--message", "tiny", "--in-flight", "1"]);
    for row in &rows {
        let object = row.as_object().unwrap();
        for field in ["bench", "message", "turn", "callers", "threads", "in_flight", "pinned"] {
            assert!(object.contains_key(field), "{field} is missing: {row}");
        }
        for figure in ["calls_per_s", "ns_per_call", "cpu_us_per_call", "rss_kib"] {
            let value = |part: &str| row[figure][part].as_f64().unwrap();
            assert!(value("min") > 0.0, "{figure}: {row}");
            assert!(value("min") <= value("median") && value("median") <= value("max"));
        }
    }
    let plain = row(&rows, "plain");
    assert_eq!(plain["message"], "tiny");
    assert_eq!(plain["callers"], 1);
    assert_eq!(plain["in_flight"], Value::Null);
    assert!(plain["ratio"]["dyn"].as_f64().unwrap() > 0.0);
    assert!(plain["ratio"]["seam"].as_f64().unwrap() > 0.0);
}

#[test]
fn the_remote_floor_and_seam_answer_rightly_between_two_processes() {
    let rows = rows(&["remote", "--peer", "raw", "--in-flight", "16", "--pinned", "false"]);
    for contender in ["raw", "seam"] {
        let row = row(&rows, contender);
        assert!(row["calls_per_s"]["median"].as_f64().unwrap() > 0.0, "{row}");
        assert!(row["p99_us"]["median"].as_f64().unwrap() > 0.0, "{row}");
        assert_eq!(row["pinned"], false);
    }
}

#[test]
fn a_slow_call_beside_others_makes_rows_of_its_own() {
    let rows = rows(&["remote", "--peer", "raw", "--in-flight", "64", "--pinned", "true"]);
    let messages = |contender: &str| -> Vec<&Value> {
        let rows = rows.iter().filter(|row| row["contender"] == contender);
        rows.map(|row| &row["message"]).collect()
    };
    assert_eq!(messages("raw"), ["price"]);
    assert_eq!(messages("seam"), ["price", "price+slow"]);
    let beside = rows.iter().find(|row| row["message"] == "price+slow").unwrap();
    assert!(beside["ratio_p50"]["seam"].as_f64().unwrap() > 0.0, "{beside}");
    assert_eq!(row(&rows, "seam")["ratio"].as_object().unwrap().len(), 1);
}

#[test]
fn curves_are_measured_drawn_and_written_into_a_page() {
    let folder = tempfile::tempdir().unwrap();
    let plots = folder.path().join("plots");
    let rows = rows(&["scale", "--series", "actors", "--plot", plots.to_str().unwrap()]);
    for row in &rows {
        assert_eq!((&row["bench"], &row["series"]), (&"scale".into(), &"actors".into()));
        assert!(row["calls_per_s"]["median"].as_f64().unwrap() > 0.0, "{row}");
    }
    let picture = std::fs::read_to_string(plots.join("actors.svg")).unwrap();
    assert_eq!(picture.matches("<circle").count(), rows.len());

    let (json, page) = (folder.path().join("scale.json"), folder.path().join("page.md"));
    std::fs::write(&json, serde_json::to_vec(&rows).unwrap()).unwrap();
    std::fs::write(&page, "before\n<!-- bench: actors -->\n<!-- end -->\nafter\n").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_seam-bench"))
        .arg("report")
        .arg(&json)
        .arg("--page")
        .arg(&page)
        .status()
        .unwrap();
    assert!(status.success());
    let page = std::fs::read_to_string(page).unwrap();
    let calls = page.lines().filter(|line| line.starts_with("| 1")).count();
    assert_eq!(calls, rows.len(), "{page}");
    assert!(page.starts_with("before\n") && page.ends_with("after\n"));
}

#[test]
fn events_are_held_against_the_same_rows_without() {
    let rows = rows(&["bus"]);
    for contender in ["row", "seam"] {
        let row = row(&rows, contender);
        assert!(row["calls_per_s"]["median"].as_f64().unwrap() > 0.0, "{row}");
        assert_eq!((&row["bench"], &row["callers"]), (&"bus".into(), &64.into()));
    }
    assert!(row(&rows, "seam")["ratio"]["row"].as_f64().unwrap() > 0.0);
}

#[test]
fn layers_are_explained_and_add_up_or_it_says_what_is_missing() {
    let output = Command::new(env!("CARGO_BIN_EXE_seam-bench"))
        .args(["local", "--explain"])
        .output()
        .unwrap();
    let (told, why) = (text(&output.stdout), text(&output.stderr));
    if !output.status.success() {
        let told = ["`apt-get install valgrind`", "`cargo run --release -p seam-bench`"];
        assert!(told.iter().any(|what| why.contains(what)), "{why}");
        return;
    }
    // Instructions of shared turns, without those in brackets.
    let count = |line: &str| -> Option<u64> {
        let cell = line.split('┆').nth(1)?;
        cell.split_whitespace().next()?.parse().ok()
    };
    let rows: Vec<&str> = told.lines().filter(|line| line.starts_with("│ ")).skip(1).collect();
    let (layers, sums) = rows.split_at(rows.len() - 2);
    // Others may take no instruction of their own, as the compiler pleases.
    for layer in ["admission", "turn", "metrics", "handler"] {
        assert!(layers.iter().any(|row| row.contains(layer)), "{layer}: {told}");
    }
    let (sum, whole) = (layers.iter().filter_map(|row| count(row)).sum::<u64>(), count(sums[1]));
    // Every layer is rounded.
    assert!(whole.unwrap().abs_diff(sum) <= layers.len() as u64, "{told}");
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn an_unknown_series_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_seam-bench"))
        .args(["scale", "--series", "core"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("`core`"));
}

#[test]
fn an_unknown_peer_is_refused_before_anything_is_measured() {
    let output = Command::new(env!("CARGO_BIN_EXE_seam-bench"))
        .args(["local", "--peer", "kamio"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("`kamio`"));
}
