//! Lines of logs, as the admin listener tells them: out of the files.

use std::{
    path::Path,
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, SystemTime},
};

use seam_admin::{Feed, LogQuery, Refusal, feed};
use seam_telemetry::logs::{self, Follower, LogEntry, Query};
use tokio::{
    task::spawn_blocking,
    time::{Instant, sleep},
};

use super::super::logs::folder;

/// How often it is looked whether something has come.
const PERIOD: Duration = Duration::from_millis(200);
/// How soon it is looked whether something has been read.
const SOON: Duration = Duration::from_millis(10);
/// How long who is slow may take to read what has come before they asked.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many bytes of lines may wait for who is slow: some 500 lines.
const ROOM: usize = 256 << 10;
/// How many lines are told where nobody says it.
const LIMIT: usize = 1000;

/// The newest lines that are asked for, in order of time.
pub(super) async fn query(data: &Path, asked: LogQuery) -> Result<Vec<LogEntry>, Refusal> {
    let (folder, query) = (folder(data), read(asked, LIMIT)?);
    spawn_blocking(move || logs::query(&folder, &query)).await.map_err(gone)
}

/// Lines as they come, after as many that have come before as are asked for; `dropped` counts what is
/// missed.
pub(super) fn follow(
    data: &Path,
    asked: LogQuery,
    dropped: &Arc<AtomicU64>,
) -> Result<Feed, Refusal> {
    let (folder, query) = (folder(data), read(asked, 0)?);
    let (feeder, feed) = feed(ROOM, dropped);
    tokio::spawn(async move {
        let begun = spawn_blocking(move || {
            let (found, follower) = Follower::begin(&folder, &query);
            (texts(found), follower)
        });
        let Ok((before, mut follower)) = begun.await else { return };
        let until = Instant::now() + PATIENCE;
        for line in before {
            while !feeder.has_room(line.len()) && !feeder.is_closed() && Instant::now() < until {
                sleep(SOON).await;
            }
            feeder.tell(line);
        }
        loop {
            tokio::select! {
                () = sleep(PERIOD) => {}
                () = feeder.closed() => return,
            }
            let polled = spawn_blocking(move || (texts(follower.poll()), follower)).await;
            let Ok((lines, after)) = polled else { return };
            follower = after;
            for line in lines {
                feeder.tell(line);
            }
        }
    });
    Ok(feed)
}

/// Entries as they are told: taken apart, they take several times as much memory.
fn texts(entries: Vec<LogEntry>) -> Vec<String> {
    entries.iter().map(|entry| entry.line().trim_end().to_owned()).collect()
}

/// What is asked for, with another limit where none is said.
fn read(asked: LogQuery, limit: usize) -> Result<Query, Refusal> {
    let LogQuery { unit, service, level, trace, since, grep, limit: own } = asked;
    let wrong = |text: &str, what: &str| Refusal::bad_request(format!("`{text}` is no {what}"));
    let level = level
        .map(|text| {
            text.parse().map_err(|_| wrong(&text, "level: error, warn, info, debug, trace"))
        })
        .transpose()?;
    let at = |text: String| {
        let what = "time: write 10m, or 2026-11-28T12:00:00Z";
        logs::since(&text, SystemTime::now()).ok_or_else(|| wrong(&text, what))
    };
    let since = since.map(at).transpose()?;
    if let Some(wrong) = trace.as_deref().and_then(Query::wrong_trace) {
        return Err(Refusal::bad_request(wrong));
    }
    Ok(Query { unit, service, level, trace, since, grep, limit: own.unwrap_or(limit) })
}

fn gone(error: tokio::task::JoinError) -> Refusal {
    Refusal::failed(error.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use futures_util::StreamExt as _;
    use seam_admin::Told;
    use seam_telemetry::logs::Level;
    use serde_json::Value as Json;

    use super::*;

    fn line(message: &str) -> String {
        LogEntry::new(Level::Warn, "pay", None).with("message", message).line()
    }

    #[tokio::test]
    async fn lines_are_found_and_followed() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(folder(data.path())).unwrap();
        let path = folder(data.path()).join("pay.jsonl");
        fs::write(&path, line("one")).unwrap();
        let found = query(data.path(), LogQuery::default()).await.unwrap();
        assert_eq!(found[0].message(), "one");
        let asked = LogQuery { limit: Some(1), ..LogQuery::default() };
        let mut feed = follow(data.path(), asked, &Arc::default()).unwrap();
        let mut next = async || match feed.next().await {
            Some(Told::Json(json)) => {
                serde_json::from_str::<Json>(&json).unwrap()["message"].clone()
            }
            told => panic!("{told:?}"),
        };
        assert_eq!(next().await, "one");
        fs::write(&path, line("one") + &line("two")).unwrap();
        assert_eq!(next().await, "two");
    }

    #[tokio::test]
    async fn who_asks_for_many_that_came_before_gets_all_of_them() {
        let data = tempfile::tempdir().unwrap();
        fs::create_dir(folder(data.path())).unwrap();
        let lines: String = (0..2_000).map(|n| line(&format!("{n:0>400}"))).collect();
        assert!(lines.len() > 2 * ROOM);
        fs::write(folder(data.path()).join("pay.jsonl"), lines).unwrap();
        let dropped = Arc::default();
        let asked = LogQuery { limit: Some(2_000), ..LogQuery::default() };
        let mut feed = follow(data.path(), asked, &dropped).unwrap();
        for _ in 0..2_000 {
            assert!(matches!(feed.next().await, Some(Told::Json(_))));
        }
        assert_eq!(dropped.load(std::sync::atomic::Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_makes_no_sense_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let refused = |change: fn(&mut LogQuery)| {
            let mut asked = LogQuery::default();
            change(&mut asked);
            read(asked, LIMIT).unwrap_err().status
        };
        assert_eq!(refused(|asked| asked.level = Some("loud".into())), 400);
        assert_eq!(refused(|asked| asked.since = Some("once".into())), 400);
        assert_eq!(refused(|asked| asked.trace = Some("1".into())), 400);
        assert!(query(data.path(), LogQuery::default()).await.unwrap().is_empty());
    }
}
