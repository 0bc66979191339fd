//! How much code the four services take: what an API of this kind may cost.

use std::fs;
use std::path::Path;

/// Formatted lines that aren't blank and no comment.
const MOST: usize = 1_000;

#[test]
fn the_services_are_at_most_a_thousand_lines() {
    let lines = lines_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(lines > 300, "{lines}: where are they?");
    assert!(lines <= MOST, "{lines} lines, and {MOST} are enough");
}

fn lines_of(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let count = |path: std::path::PathBuf| match path.is_dir() {
        true => lines_of(&path),
        false => fs::read_to_string(&path).unwrap().lines().filter(|line| is_code(line)).count(),
    };
    entries.map(count).sum()
}

fn is_code(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with("//")
}
