//! When an app is ready, and what to say then and when it stops.

use std::{path::Path, time::Duration};

use futures_util::future::join_all;

use super::{
    control::{self, UnitStatus},
    status::{self, Said},
};
use crate::config::{Config, process};

/// How often `up` asks its units.
const PERIOD: Duration = Duration::from_millis(100);
/// The same while a service changes hands, which is over soon.
const SOON: Duration = Duration::from_millis(20);

/// What to say to who has started an app: where it serves, and what to do next.
pub(super) fn line<'a>(app: &str, units: impl IntoIterator<Item = &'a UnitStatus>) -> String {
    let at = |scheme: &str, address: &Option<String>| {
        address.as_ref().map(|address| format!("{scheme}://{address}"))
    };
    let places = |unit: &UnitStatus| [at("http", &unit.http), at("https", &unit.https)];
    let mut all: Vec<String> = Vec::new();
    for place in units.into_iter().flat_map(places).flatten() {
        // Instances of a unit have the same.
        if !all.contains(&place) {
            all.push(place);
        }
    }
    let colon = if all.is_empty() { "" } else { ": " };
    let all = all.join(", ");
    format!("{app} is ready{colon}{all}  (status: {app} status, stop: Ctrl-C)")
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
            return line(&config.app.name, ready);
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Until the process of that name has that id, and is ready.
pub(super) async fn of_one(data: &Path, process: &str, id: u32) {
    loop {
        let status = status::of_process(data, process).await;
        if status.is_ok_and(|status| status.is_some_and(|unit| unit.ready && unit.pid == id)) {
            return;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Until each service of a unit is at work in one of its instances. Who is ready only stands by, until a
/// database has come from the one who left to the next: if that one left, too, and the next, nobody
/// would be at work for as long as that goes on.
pub(super) async fn at_work(data: &Path, unit: &str) {
    loop {
        let numbers = [0].into_iter().chain(control::instances(data, unit));
        let asked = numbers.map(|number| status::ask_process(data, process(unit, number)));
        let mut services = Vec::new();
        for said in join_all(asked).await {
            if let Ok(Said::Status(status)) = said {
                services.extend(status.services.into_iter().map(|own| (own.service, own.state)));
            }
        }
        if are_at_work(&services) {
            return;
        }
        tokio::time::sleep(SOON).await;
    }
}

/// Whether each of these services, by name and state in each instance, is at work in one of them, or
/// isn't for another reason than that its database changes hands.
fn are_at_work(services: &[(String, String)]) -> bool {
    const CHANGES_HANDS: [&str; 4] = ["standby", "recovering", "draining", "stopped"];
    let is_at_work = |name: &str| {
        let mut own = services.iter().filter(|(other, _)| other == name);
        own.any(|(_, state)| !CHANGES_HANDS.contains(&state.as_str()))
    };
    services.iter().all(|(name, _)| is_at_work(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_where_and_what_next() {
        let unit = |http: &str, https: Option<&str>| UnitStatus {
            http: Some(http.into()),
            https: https.map(Into::into),
            ..UnitStatus::default()
        };
        let one = unit("127.0.0.1:8080", None);
        assert_eq!(
            line("shop", [&one]),
            "shop is ready: http://127.0.0.1:8080  (status: shop status, stop: Ctrl-C)"
        );
        let other = unit("127.0.0.1:9090", Some("127.0.0.1:8443"));
        let expected = "shop is ready: http://127.0.0.1:8080, http://127.0.0.1:9090, \
                        https://127.0.0.1:8443  (";
        assert!(line("shop", [&one, &one, &other, &other]).starts_with(expected));
        assert_eq!(line("shop", []), "shop is ready  (status: shop status, stop: Ctrl-C)");
    }

    #[test]
    fn a_service_whose_database_changes_hands_is_waited_for() {
        let at_work = |states: &[(&str, &str)]| {
            let owned =
                states.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned()));
            are_at_work(&owned.collect::<Vec<_>>())
        };
        let quote = [("quote", "running"), ("quote", "running")];
        assert!(at_work(&[]) && at_work(&quote));
        assert!(at_work(&[("pay", "standby"), ("pay", "running"), ("quote", "running")]));
        assert!(!at_work(&[("pay", "standby"), ("pay", "recovering"), ("quote", "running")]));
        assert!(!at_work(&[("pay", "standby"), ("pay", "draining")]));
        assert!(at_work(&[("pay", "standby"), ("pay", "down")]), "that won't pass by itself");
    }
}
