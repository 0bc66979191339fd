//! Prometheus's own judge. Where it isn't installed its tests are skipped and say so, unless
//! `SEAM_NO_SKIP` is set.

use std::{
    io::{ErrorKind, Write},
    path::Path,
    process::{Command, Stdio},
};

/// Runs `promtool` in a folder, and holds it to success; what it has printed is empty where it isn't
/// installed.
pub(crate) fn promtool(folder: &Path, args: &[&str], input: &str) -> String {
    let started = Command::new("promtool")
        .current_dir(folder)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let missing = "no promtool here: install the package prometheus";
            assert!(std::env::var_os("SEAM_NO_SKIP").is_none(), "{missing}");
            eprintln!("skipped: {missing}");
            return String::new();
        }
        started => started.unwrap(),
    };
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    assert!(output.status.success(), "promtool {args:?}: {text}");
    text
}
