//! What a log does: appends a second, how fast it opens after a kill, and how much disk it takes:
//! `cargo run --release -p seam-log --example measure -- [FOLDER]`. The folder decides which disk is
//! measured.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "it reports to a person")]

use std::{
    env, fs,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use seam_log::{Log, LogOptions, Record};

/// Tells the child process where to append.
const CHILD: &str = "SEAM_LOG_MEASURE_CHILD";
const RECORDS: u64 = 1_000_000;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    if let Some(folder) = env::var_os(CHILD) {
        return fill_and_wait(Path::new(&folder)).await;
    }
    let parent = env::args_os().nth(1).map_or_else(env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(&parent).unwrap();
    for appenders in [1, 8, 64] {
        appends(&folder.path().join(format!("appends-{appenders}")), appenders).await;
    }
    opening(&folder.path().join("opening")).await;
    for keep in [1, 8, 64, 256] {
        disk(&folder.path().join(format!("disk-{keep}")), keep << 20).await;
    }
}

fn record(position: u64, bytes: usize) -> Record {
    Record::new(position, position, "order.paid", &vec![7; bytes]).key(&position.to_be_bytes())
}

/// Each appender waits for its own before the next; positions are given in the order of the queue.
async fn appends(folder: &Path, appenders: usize) {
    let log = Log::open(folder, LogOptions::default()).unwrap();
    let next = std::sync::Arc::new(tokio::sync::Mutex::new(1));
    let begun = Instant::now();
    let tasks = (0..appenders).map(|_| {
        let (log, next) = (log.clone(), next.clone());
        tokio::spawn(async move {
            while begun.elapsed() < Duration::from_secs(3) {
                let mut append = {
                    let mut next = next.lock().await;
                    let mut append = Box::pin(log.append(vec![record(*next, 200)]));
                    *next += 1;
                    // In the queue once it was polled.
                    let over = over_at_once(&mut append).await;
                    if over {
                        continue;
                    }
                    append
                };
                (&mut append).await.unwrap();
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    let each = log.head() as f64 / begun.elapsed().as_secs_f64();
    println!("{appenders:>3} appenders     {each:>9.0} appends/s");
}

/// Polls a future once; true if it is over.
async fn over_at_once<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| {
        std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_ready())
    })
    .await
}

async fn fill(log: &Log, records: u64, bytes: usize, mut each: impl FnMut()) {
    let end = log.head() + records;
    while log.head() < end {
        let next = log.head() + 1;
        let batch = (next..=end.min(next + 999)).map(|at| record(at, bytes));
        log.append(batch.collect()).await.unwrap();
        each();
    }
}

async fn fill_and_wait(folder: &Path) {
    let log = Log::open(folder, LogOptions::default()).unwrap();
    let begun = Instant::now();
    fill(&log, RECORDS, 200, || ()).await;
    println!(
        "{RECORDS} records in {:.1} s, {} MB on disk",
        begun.elapsed().as_secs_f64(),
        used(folder) >> 20
    );
    // Killed as it is.
    Command::new("kill").args(["-9", &std::process::id().to_string()]).status().unwrap();
}

async fn opening(folder: &Path) {
    Command::new(env::current_exe().unwrap()).env(CHILD, folder).status().unwrap();
    for _ in 0..3 {
        let begun = Instant::now();
        let log = Log::open(folder, LogOptions::default()).unwrap();
        let opened = begun.elapsed();
        assert_eq!(log.head(), RECORDS);
        log.read(RECORDS / 2, 100, 1 << 20).await.unwrap();
        let read = begun.elapsed();
        log.position_at(RECORDS / 3).await.unwrap();
        let found = begun.elapsed() - read;
        println!("opened in {opened:?}, first read after {read:?}, a time found in {found:?}");
        log.close().await.unwrap();
    }
    let log = Log::open(folder, LogOptions::default()).unwrap();
    let begun = Instant::now();
    let mut next = 1;
    while next <= RECORDS {
        next += log.read(next, 1000, 1 << 20).await.unwrap().records.len() as u64;
    }
    println!("all read at {:.0} records/s", RECORDS as f64 / begun.elapsed().as_secs_f64());
}

async fn disk(folder: &Path, keep: u64) {
    let log = Log::open(folder, LogOptions::default().keep_bytes(keep)).unwrap();
    let mut most = 0;
    let begun = Instant::now();
    fill(&log, 10 * keep / 1000, 900, || most = most.max(used(folder))).await;
    let factor = most as f64 / keep as f64;
    let took = begun.elapsed().as_secs_f64();
    println!("{:>4} MiB kept: at most {factor:.2} times as much on disk, {took:.1} s", keep >> 20);
}

fn used(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let size = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        Some(if metadata.is_dir() { used(&entry.path()) } else { metadata.blocks() * 512 })
    };
    entries.filter_map(size).sum()
}
