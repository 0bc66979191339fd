//! A process of its own, for the allocator's limits are the process's.
#![cfg(all(target_os = "linux", target_env = "gnu"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

use std::fs;

use seam_tests::medley::{MedleyClient, app};

const SIZE: usize = 1 << 20;
const PAGES: u64 = SIZE as u64 / 4096;

/// Calls with large messages use the same memory again: its pages are not faulted call after call.
#[tokio::test]
async fn memory_of_large_messages_is_used_again() {
    let folder = tempfile::tempdir().unwrap();
    let app = app()
        .config_text("[units.all]\nservices = [\"*\"]\n[calls]\nresolution = \"encoded\"\n")
        .set("SEAM__APP__DATA", folder.path().display().to_string());
    let unit = app.start().await.unwrap();
    let client: MedleyClient = unit.client().unwrap();
    let call = async || {
        let answer = client.flip(vec![7; SIZE]).await.unwrap();
        assert!(answer.len() == SIZE && answer.iter().all(|byte| *byte == 7));
    };
    // The first one's are new.
    call().await;
    let before = faults();
    for _ in 0..10 {
        call().await;
    }
    let faulted = faults() - before;
    // There are five copies of it in a call.
    assert!(faulted < 10 * PAGES, "{faulted} page faults in ten calls");
    unit.stop().await;
}

/// The page faults of this thread, on which all of a call happens here.
fn faults() -> u64 {
    let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
    // proc(5): minflt is the 10th field, and the 2nd, in brackets, may contain anything.
    let (_, fields) = stat.rsplit_once(") ").unwrap();
    fields.split(' ').nth(7).unwrap().parse().unwrap()
}
