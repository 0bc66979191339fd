//! What runs, and who calls whom: `nodes` and `edges`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::super::seen::Now;
use crate::config::{AllowedCaller, Catalogue, process};

/// How a breaker is that lets no call through.
const OPEN: &str = "open";

/// From units as `status` shows them, what the app says of its services, how much one calls another, and
/// whose calls are refused by hand.
pub(super) fn topology(
    catalogue: &Catalogue,
    units: Vec<Json>,
    now: &Now,
    refuse: &[(String, Vec<AllowedCaller>)],
) -> Json {
    let places = places(&units);
    let edges: Vec<Json> = calls(catalogue)
        .into_iter()
        .filter_map(|(from, to, is_event)| {
            let (here, there) = (places.get(from)?, places.get(to)?);
            let way = match (is_event, here.is_disjoint(there)) {
                (true, _) => "event",
                (false, true) => "wire",
                (false, false) => "local",
            };
            // Whoever hands an event over isn't its publisher.
            let rate = match is_event {
                true => now.of(to, handlers(catalogue, from, to)),
                false => now.calls(from, to),
            };
            let mut edge = json!({
                "from": from, "to": to, "way": way, "callsPerS": rounded(rate.calls_per_s),
                "failuresPerS": rounded(rate.failures_per_s), "p50Us": rate.p50_us,
                "p99Us": rate.p99_us,
            });
            // Events pass no breaker.
            if !is_event {
                let by_hand = refuse.iter().any(|(service, callers)| {
                    service == to
                        && callers.iter().any(|own| own.is_anybody() || own.name() == from)
                });
                edge["breaker"] = match by_hand {
                    true => OPEN.into(),
                    false => breaker(&units, here, to).into(),
                };
            }
            Some(edge)
        })
        .collect();
    let nodes: Vec<Json> = units.into_iter().map(node).collect();
    json!({ "nodes": nodes, "edges": edges })
}

/// The breakers on the way from the processes that are `here`: `open` if each way that there is has an
/// open one, `half_open` if some have, or let a call through to see.
fn breaker(units: &[Json], here: &BTreeSet<String>, to: &str) -> &'static str {
    let callers = units.iter().filter(|unit| here.contains(&name(unit)));
    let endpoints = callers.flat_map(|unit| unit["endpoints"].as_array().into_iter().flatten());
    let (mut shut, mut others) = (false, false);
    for endpoint in endpoints.filter(|endpoint| endpoint["service"] == to) {
        match endpoint["state"].as_str() {
            Some("open") => shut = true,
            Some("probing") => (shut, others) = (true, true),
            Some("ready") => others = true,
            // Nobody calls there.
            _ => {}
        }
    }
    match (shut, others) {
        (true, false) => OPEN,
        (true, true) => "half_open",
        (false, _) => "closed",
    }
}

/// To thousandths: whoever reads it needs no more.
fn rounded(rate: f64) -> f64 {
    (rate * 1e3).round() / 1e3
}

/// In which processes each service is.
fn places(units: &[Json]) -> BTreeMap<&str, BTreeSet<String>> {
    let mut places: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for unit in units {
        for service in unit["services"].as_array().into_iter().flatten() {
            let Some(service) = service["service"].as_str() else { continue };
            places.entry(service).or_default().insert(name(unit));
        }
    }
    places
}

fn name(unit: &Json) -> String {
    let instance = unit["instance"].as_u64().unwrap_or_default();
    process(unit["unit"].as_str().unwrap_or_default(), instance.try_into().unwrap_or_default())
}

/// Who may call whom, and who hears of whose events.
fn calls(catalogue: &Catalogue) -> Vec<(&str, &str, bool)> {
    let needs = catalogue.services.iter().flat_map(|service| {
        service.needs.iter().map(|need| (service.name.as_str(), need.as_str(), false))
    });
    let heard = catalogue.published().flat_map(|(publisher, event)| {
        let hears =
            move |topic: &str, version: u16| topic == event.topic && version == event.version;
        catalogue.services.iter().filter_map(move |service| {
            let mut methods = service.contract?.methods.iter();
            let any = methods
                .any(|method| method.on.as_ref().is_some_and(|on| hears(&on.topic, on.version)));
            any.then_some((publisher.name.as_str(), service.name.as_str(), true))
        })
    });
    let mut all: Vec<_> = needs.chain(heard).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// The methods of `to` that events of `from` begin.
fn handlers<'c>(
    catalogue: &'c Catalogue,
    from: &'c str,
    to: &'c str,
) -> impl Iterator<Item = &'c str> {
    let service = catalogue.service(to);
    let methods = service.and_then(|service| service.contract).map(|own| &own.methods);
    let hears = move |topic: &str, version: u16| {
        catalogue.published().any(|(publisher, event)| {
            publisher.name == from && event.topic == topic && event.version == version
        })
    };
    let methods = methods.into_iter().flatten();
    let begun =
        methods.filter(move |own| own.on.as_ref().is_some_and(|on| hears(&on.topic, on.version)));
    begun.map(|own| own.name.as_str())
}

/// A unit without what its edges say.
fn node(mut unit: Json) -> Json {
    let name = name(&unit);
    if let Some(members) = unit.as_object_mut() {
        members.remove("methods");
        members.insert("name".into(), name.into());
    }
    unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::KnownService;

    #[test]
    fn edges_say_which_way_calls_go() {
        let catalogue = Catalogue {
            services: vec![
                KnownService::new("order").needs(["user", "payment"]).events(&[("paid", 1)], &[]),
                KnownService::new("user"),
                KnownService::new("payment"),
                KnownService::new("mail").needs(["user"]).events(&[], &[("paid", 1), ("paid", 2)]),
                KnownService::new("away").needs(["user"]),
            ],
            ..Catalogue::default()
        };
        let unit = |unit: &str, instance: u16, services: &[&str]| {
            let services: Vec<_> = services.iter().map(|own| json!({ "service": own })).collect();
            json!({ "unit": unit, "instance": instance, "services": services, "methods": [1] })
        };
        let units = vec![
            unit("front", 0, &["order", "user"]),
            unit("pay", 0, &["payment", "mail"]),
            unit("pay", 1, &["payment", "mail"]),
        ];
        let refuse = [("user".to_owned(), vec![AllowedCaller::of("mail")])];
        let topology = topology(&catalogue, units, &Now::default(), &refuse);
        let names: Vec<_> = topology["nodes"].as_array().unwrap().iter().collect();
        assert_eq!(
            names.iter().map(|node| &node["name"]).collect::<Vec<_>>(),
            ["front", "pay", "pay.1"]
        );
        assert!(names.iter().all(|node| node.get("methods").is_none()));
        let edges = topology["edges"].as_array().unwrap();
        let text = |edge: &Json, key: &str| edge[key].as_str().unwrap().to_owned();
        let ways = ["from", "to", "way"];
        let ways: Vec<_> = edges.iter().map(|edge| ways.map(|key| text(edge, key))).collect();
        let expected = [
            ["mail", "user", "wire"],
            ["order", "mail", "event"],
            ["order", "payment", "wire"],
            ["order", "user", "local"],
        ];
        assert_eq!(ways, expected);
        let expected = json!({
            "from": "order", "to": "payment", "way": "wire", "callsPerS": 0.0,
            "failuresPerS": 0.0, "p50Us": 0.0, "p99Us": 0.0, "breaker": "closed",
        });
        assert_eq!(edges[2], expected);
        let breakers: Vec<_> = edges.iter().map(|edge| edge["breaker"].as_str()).collect();
        assert_eq!(breakers, [Some("open"), None, Some("closed"), Some("closed")]);
    }

    #[test]
    fn a_breaker_is_open_once_no_way_is_left() {
        let state = |states: &[&[&str]]| {
            let unit = |(instance, states): (usize, &&[&str])| {
                let endpoint = |state| json!({ "service": "payment", "state": state });
                let other = json!({ "service": "user", "state": "open" });
                let endpoints: Vec<_> = states.iter().map(endpoint).chain([other]).collect();
                json!({ "unit": "front", "instance": instance, "endpoints": endpoints })
            };
            let mut units: Vec<_> = states.iter().enumerate().map(unit).collect();
            let here: BTreeSet<_> = units.iter().map(name).collect();
            let shut = json!([{ "service": "payment", "state": "open" }]);
            units.push(json!({ "unit": "back", "instance": 0, "endpoints": shut }));
            breaker(&units, &here, "payment")
        };
        assert_eq!(state(&[]), "closed");
        assert_eq!(state(&[&[]]), "closed");
        assert_eq!(state(&[&["ready", "connecting"]]), "closed");
        assert_eq!(state(&[&["open", "connecting"]]), "open");
        assert_eq!(state(&[&["open"], &["ready"]]), "half_open");
        assert_eq!(state(&[&["probing"]]), "half_open");
    }
}
