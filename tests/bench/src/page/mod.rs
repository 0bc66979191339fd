//! `report`: writes what runs have measured into a page, so that nobody types a number.
//!
//! The page is written by people, but for what stands between `<!-- bench: NAME -->` and
//! `<!-- end -->`: that is replaced by the table of that name, made from the JSON files of runs.

mod aims;
mod blocks;
mod history;
mod machine;
mod markdown;
mod rows;
mod runs;
mod tables;
mod verdicts;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use self::history::History;
pub(crate) use self::rows::{Row, Rows};

/// Writes the last runs in `files` into `page`, and what came of the aims in all runs: in these, and
/// in those that were kept in the folder `records`. `record` keeps these as well.
pub(crate) fn write(
    files: &[PathBuf],
    page: &Path,
    records: &Path,
    record: bool,
) -> anyhow::Result<Rows> {
    let runs = runs::read(files)?;
    let kept = records.join("aims.jsonl");
    let mut history = History::read(&kept)?;
    runs.iter().for_each(|run| history.add(verdicts::record(run)));
    if record {
        history.write(&kept)?;
    }
    let last = runs::last(runs);
    let machine = machine::table(&last);
    let rows = Rows::all(last.into_values().map(|run| run.rows));
    let old = fs::read_to_string(page).with_context(|| format!("reading {}", page.display()))?;
    let new = blocks::replace(&old, |name| {
        Ok(match name {
            "machine" => machine.clone(),
            "aims" => verdicts::table(&rows, &history),
            name => tables::table(name, &rows)?,
        })
    })?;
    fs::write(page, new).with_context(|| format!("writing {}", page.display()))?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_last_run_is_shown_and_all_that_were_kept_are_judged() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| folder.path().join(name);
        let page = file("page.md");
        fs::write(
            &page,
            "<!-- bench: edge -->\n<!-- end -->\n<!-- bench: aims -->\n<!-- end -->\n",
        )
        .unwrap();
        let run = |measured: &str, ratio: f64| {
            let row = json!({"bench": "edge", "contender": "seam", "in_flight": 64,
                             "measured": measured, "ratio": {"actix-web": ratio}});
            let run = file(measured);
            fs::write(&run, json!([row]).to_string()).unwrap();
            run
        };
        let records = file("records");
        write(&[run("10:00", 0.5)], &page, &records, true).unwrap();
        write(&[run("12:00", 0.9), run("11:00", 1.0)], &page, &records, true).unwrap();
        write(&[run("12:00", 0.9)], &page, &records, true).unwrap();
        let text = fs::read_to_string(&page).unwrap();
        assert!(
            text.contains("| ≥ 0.85 | 0.90 | 0.90 (0.50 – 1.00) | **met in 2 of 3** |"),
            "{text}"
        );
        assert!(text.contains("| 64 in flight: `seam` | – | – | – | – | 0.90 |"), "{text}");
        let kept = fs::read_to_string(records.join("aims.jsonl")).unwrap();
        assert_eq!(kept.lines().count(), 3);
    }
}
