//! When an app is ready, and what to say then and when it stops.

use std::{path::PathBuf, time::Duration};

use super::{control::UnitStatus, status};
use crate::config::Config;

/// How often `up` asks its units.
const PERIOD: Duration = Duration::from_millis(100);

/// What to say to who has started an app: where it serves, and what to do next.
pub(super) fn line<'a>(app: &str, http: impl IntoIterator<Item = &'a str>) -> String {
    let mut http: Vec<_> = http.into_iter().map(|http| format!("http://{http}")).collect();
    // Instances of a unit have the same.
    http.dedup();
    let colon = if http.is_empty() { "" } else { ": " };
    let http = http.join(", ");
    format!("{app} is ready{colon}{http}  (status: {app} status, stop: Ctrl-C)")
}

/// What to say to who has told an app to stop.
pub(super) fn stopping(drain: Duration) -> String {
    format!("stopping: calls in flight have up to {drain:?} (Ctrl-C again: stop at once)")
}

/// Until all these processes are ready, by unit and instance: what to say then.
pub(super) async fn of_all(config: &Config, processes: &[(String, u16)]) -> String {
    loop {
        let running = status::running(config).await.unwrap_or_default();
        let planned = |unit: &UnitStatus| {
            processes.iter().any(|(name, number)| *name == unit.unit && *number == unit.instance)
        };
        let ready: Vec<&UnitStatus> =
            running.iter().filter(|unit| unit.ready && planned(unit)).collect();
        if ready.len() == processes.len() {
            let http = ready.iter().filter_map(|unit| unit.http.as_deref());
            return line(&config.app.name, http);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Until the process of that name has that id, and is ready.
pub(super) async fn of_one(data: PathBuf, process: String, id: u32) {
    loop {
        let status = status::of_process(&data, &process).await;
        if status.is_ok_and(|status| status.is_some_and(|unit| unit.ready && unit.pid == id)) {
            return;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_where_and_what_next() {
        assert_eq!(
            line("shop", ["127.0.0.1:8080"]),
            "shop is ready: http://127.0.0.1:8080  (status: shop status, stop: Ctrl-C)"
        );
        let several = ["127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:9090"];
        let expected = "shop is ready: http://127.0.0.1:8080, http://127.0.0.1:9090  (";
        assert!(line("shop", several).starts_with(expected));
        assert_eq!(line("shop", []), "shop is ready  (status: shop status, stop: Ctrl-C)");
    }
}
