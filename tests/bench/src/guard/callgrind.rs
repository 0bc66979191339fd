//! Valgrind's callgrind, which counts the instructions of this same binary.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, bail, ensure};

/// Has it count what the bench's binary executes as `child`, into `file`; returns what it said.
pub(super) fn run(child: [&str; 2], file: &Path, options: &[&str]) -> anyhow::Result<String> {
    let binary = std::env::current_exe().context("finding the bench's own binary")?;
    let told = Command::new("valgrind")
        .arg("--tool=callgrind")
        .args(options)
        .arg(format!("--callgrind-out-file={}", file.display()))
        .arg(binary)
        .args(child)
        .output();
    let output = match told {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!(
                "valgrind counts the instructions, and isn't installed: `apt-get install valgrind`"
            )
        }
        told => told.context("starting valgrind")?,
    };
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "counting {} failed:\n{told}", child[1]);
    Ok(told)
}

/// How many instructions it said that it has counted.
pub(super) fn collected(told: &str) -> anyhow::Result<u64> {
    let collected = told.lines().find_map(|line| line.split_once("Collected : "));
    let collected = collected.and_then(|(_, count)| count.trim().parse().ok());
    collected.with_context(|| format!("valgrind counted nothing:\n{told}"))
}
