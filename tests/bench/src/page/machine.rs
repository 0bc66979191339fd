//! Where and when the runs were made, and of what.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use super::markdown;
use super::runs::Run;
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
pub(super) fn table(last: &BTreeMap<String, Run>) -> String {
    let mut rows = vec![
        vec!["cores".to_owned(), cores().len().to_string()],
        vec!["CPU".to_owned(), processor().unwrap_or_else(unknown)],
        vec!["kernel".to_owned(), kernel()],
        vec!["memory".to_owned(), memory().unwrap_or_else(unknown)],
        vec!["compiler".to_owned(), compiler().unwrap_or_else(unknown)],
        vec!["seam".to_owned(), env!("CARGO_PKG_VERSION").to_owned()],
        vec!["peers".to_owned(), versions()],
    ];
    let measured =
        last.iter().map(|(bench, run)| vec![format!("`{bench}` measured"), run.measured.clone()]);
    rows.extend(measured);
    markdown::table(&["", "&nbsp;"], &rows).replace("---:", "---")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_knows_the_peers() {
        let versions = versions();
        assert!(CRATES.iter().all(|name| versions.contains(name)), "{versions}");
    }
}
