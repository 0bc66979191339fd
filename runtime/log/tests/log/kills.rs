//! Kills: what was acknowledged is there, in order.

use std::{
    env,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use seam_log::{Log, LogOptions};

use crate::{record, records};

/// Where the child process appends.
const FOLDER: &str = "SEAM_LOG_TEST_FOLDER";

/// Little is kept, so that tables and journals come and go all the while.
fn options() -> LogOptions {
    LogOptions::default().keep_bytes(1 << 20)
}

/// This test binary again, as a process that appends and says what was acknowledged.
fn appender(path: &Path) -> Child {
    Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "kills::child_that_appends_until_it_is_killed",
            "--ignored",
            "--nocapture",
        ])
        .env(FOLDER, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "the child process of the test that kills"]
async fn child_that_appends_until_it_is_killed() {
    let Some(path) = env::var_os(FOLDER) else { return };
    let log = Log::open(path, options()).unwrap();
    println!("\nopen");
    let mut next = log.head() + 1;
    loop {
        let last = next + fastrand::u64(0..200);
        println!("acknowledged {}", log.append(records(next..=last)).await.unwrap());
        next = last + 1;
    }
}

/// Lets the child acknowledge so many appends, kills it with SIGKILL, and reads what else it said.
fn kill_after(mut child: Child, acknowledged: usize) -> u64 {
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let (mut count, mut head, mut killed) = (0, 0, false);
    let mut line = String::new();
    while said.read_line(&mut line).unwrap() > 0 {
        if let Some(position) =
            line.strip_suffix('\n').and_then(|l| l.strip_prefix("acknowledged "))
        {
            head = position.parse().unwrap();
            count += 1;
        }
        if !killed && count >= acknowledged {
            child.kill().unwrap();
            killed = true;
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(killed, "the appender ended by itself");
    head
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..20 {
        acknowledged =
            kill_after(appender(folder.path()), fastrand::usize(0..120)).max(acknowledged);
        let log = Log::open(folder.path(), options()).unwrap();
        let (first, head) = (log.first(), log.head());
        assert!(head >= acknowledged, "round {round}: {acknowledged} of {head} was acknowledged");
        let mut next = first;
        while next <= head {
            for found in log.read(next, 1000, 1 << 20).await.unwrap().records {
                assert_eq!(found, record(next), "round {round}");
                next += 1;
            }
        }
        log.close().await.unwrap();
    }
}
