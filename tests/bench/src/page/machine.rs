//! Where and when the runs were made, and of what.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::UNIX_EPOCH;

use anyhow::Context;

use super::markdown;
use crate::measure::cores;

/// Crates whose version matters to a comparison.
const CRATES: [&str; 11] = [
    "actix",
    "actix-web",
    "bincode",
    "kameo",
    "ractor",
    "reqwest",
    "sled",
    "tarpc",
    "tokio",
    "tonic",
    "prost",
];

/// Describes the machine that this runs on: make the page where you have measured.
pub(super) fn table(files: &[PathBuf]) -> anyhow::Result<String> {
    let mut rows = vec![
        vec!["cores".to_owned(), cores().len().to_string()],
        vec!["CPU".to_owned(), processor().unwrap_or_else(unknown)],
        vec!["kernel".to_owned(), kernel()],
        vec!["memory".to_owned(), memory().unwrap_or_else(unknown)],
        vec!["compiler".to_owned(), compiler().unwrap_or_else(unknown)],
        vec!["seam".to_owned(), env!("CARGO_PKG_VERSION").to_owned()],
        vec!["peers".to_owned(), versions()],
    ];
    for file in files {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        rows.push(vec![format!("`{name}` measured"), written(file)?]);
    }
    Ok(markdown::table(&["", "&nbsp;"], &rows).replace("---:", "---"))
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let value = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let model = value("model name")?;
    let family = match (value("cpu family"), value("model\t")) {
        (Some(family), Some(number)) => format!(" (family {family}, model {number})"),
        _ => String::new(),
    };
    let guest = text.contains(" hypervisor");
    Some(format!("{model}{family}{}", if guest { ", in a virtual machine" } else { "" }))
}

fn kernel() -> String {
    let uname = rustix::system::uname();
    format!("{} {}", uname.sysname().to_string_lossy(), uname.release().to_string_lossy())
}

fn memory() -> Option<String> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let kib: f64 = text.lines().next()?.split_whitespace().nth(1)?.parse().ok()?;
    Some(format!("{:.0} GiB", kib / f64::from(1 << 20)))
}

fn compiler() -> Option<String> {
    let output = Command::new("rustc").arg("--version").output().ok()?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}

/// What this binary was built with.
fn versions() -> String {
    let lock = include_str!("../../../../Cargo.lock");
    let mut found = Vec::new();
    for name in CRATES {
        let entry = format!("name = \"{name}\"\nversion = \"");
        // The newest, where others depend on an older one as well.
        let after = lock.split(&entry).skip(1).last();
        found.extend(after.and_then(|rest| Some(format!("{name} {}", rest.split('"').next()?))));
    }
    found.join(", ")
}

/// When a file was last written, as a date and a time.
fn written(file: &PathBuf) -> anyhow::Result<String> {
    let since = fs::metadata(file)
        .and_then(|data| data.modified())
        .with_context(|| format!("looking at {}", file.display()))?
        .duration_since(UNIX_EPOCH)?;
    let seconds = since.as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute) = (seconds / 3_600 % 24, seconds / 60 % 60);
    Ok(format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC"))
}

/// The date so many days after the first of January 1970.
fn date(mut days: u64) -> (u64, usize, u64) {
    let leap = |y: u64| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let mut year = 1970;
    loop {
        let length = if leap(year) { 366 } else { 365 };
        if days < length {
            break;
        }
        days -= length;
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while days >= months[month] {
        days -= months[month];
        month += 1;
    }
    (year, month + 1, days + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(date(0), (1970, 1, 1));
        assert_eq!(date(11_016), (2000, 2, 29));
        assert_eq!(date(20_454), (2026, 1, 1));
    }

    #[test]
    fn the_lock_file_knows_the_peers() {
        let versions = versions();
        assert!(CRATES.iter().all(|name| versions.contains(name)), "{versions}");
    }
}
