//! `graph`: which service needs which, and whose events begin whose methods, drawn.

use std::fmt::Write as _;

use seam_core::contract::{EventDescriptor, MethodDescriptor, SubscriptionDescriptor};
use serde_json::{Value, json};

use super::args::GraphFormat;
use crate::config::{Catalogue, KnownService, ServiceConfig, UnitLayout};

/// Draws the services, within the units of a topology if there are any.
pub(super) fn draw(
    catalogue: &Catalogue,
    services: &[ServiceConfig],
    units: &[UnitLayout],
    format: GraphFormat,
) -> String {
    match format {
        GraphFormat::Mermaid => mermaid(catalogue, units),
        GraphFormat::Dot => dot(catalogue, units),
        GraphFormat::Json => json(catalogue, services, units),
        GraphFormat::Text => text(catalogue, units),
    }
}

fn edges(catalogue: &Catalogue) -> impl Iterator<Item = (&str, &str)> {
    catalogue
        .services
        .iter()
        .flat_map(|service| service.needs.iter().map(|need| (service.name.as_str(), need.as_str())))
}

/// The way of a topic's events from one service to another: who publishes, who subscribes, and what.
/// It is drawn once, however many methods and versions take it.
fn event_edges(catalogue: &Catalogue) -> Vec<(&str, &str, &str)> {
    let mut edges = Vec::new();
    for (from, event) in catalogue.published() {
        for (to, _, on) in catalogue.subscriptions().filter(|(.., on)| is_of(event, on)) {
            let edge = (from.name.as_str(), to.name.as_str(), on.topic.as_str());
            if !edges.contains(&edge) {
                edges.push(edge);
            }
        }
    }
    edges
}

fn is_of(event: &EventDescriptor, on: &SubscriptionDescriptor) -> bool {
    (&event.topic, event.version) == (&on.topic, on.version)
}

fn mermaid(catalogue: &Catalogue, units: &[UnitLayout]) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for unit in units {
        if unit.services.is_empty() {
            // An edge alone: a subgraph of nothing isn't drawn everywhere.
            let _ = writeln!(text, "    unit_{}([\"{}\"])", id(&unit.unit), unit.unit);
            continue;
        }
        let _ = writeln!(text, "    subgraph unit_{}[\"{}\"]", id(&unit.unit), unit.unit);
        for name in &unit.services {
            let _ = writeln!(text, "        {}[\"{name}\"]", id(name));
        }
        text += "    end\n";
    }
    if units.is_empty() {
        for name in catalogue.names() {
            let _ = writeln!(text, "    {}[\"{name}\"]", id(name));
        }
    }
    for (from, to) in edges(catalogue) {
        let arrow = if within_one_unit(units, from, to) { "-->" } else { "==>" };
        let _ = writeln!(text, "    {} {arrow} {}", id(from), id(to));
    }
    for (from, to, topic) in event_edges(catalogue) {
        let _ = writeln!(text, "    {} -.->|\"{topic}\"| {}", id(from), id(to));
    }
    text
}

fn dot(catalogue: &Catalogue, units: &[UnitLayout]) -> String {
    let mut text = format!("digraph {:?} {{\n    rankdir=LR; node [shape=box];\n", catalogue.app);
    for unit in units {
        let name = &unit.unit;
        let _ = writeln!(text, "    subgraph \"cluster_{name}\" {{\n        label={name:?};");
        for name in &unit.services {
            let _ = writeln!(text, "        {name:?};");
        }
        text += "    }\n";
    }
    for name in catalogue.names() {
        let _ = writeln!(text, "    {name:?};");
    }
    for (from, to) in edges(catalogue) {
        let style = if within_one_unit(units, from, to) { "" } else { " [style=bold]" };
        let _ = writeln!(text, "    {from:?} -> {to:?}{style};");
    }
    for (from, to, topic) in event_edges(catalogue) {
        let _ = writeln!(text, "    {from:?} -> {to:?} [style=dashed, label={topic:?}];");
    }
    text + "}\n"
}

fn json(catalogue: &Catalogue, services: &[ServiceConfig], units: &[UnitLayout]) -> String {
    let service = |service: &KnownService| json!({ "name": service.name, "needs": service.needs });
    let unit = |unit: &UnitLayout| json!({ "name": unit.unit, "services": unit.services });
    let mut graph =
        json!({ "services": catalogue.services.iter().map(service).collect::<Vec<_>>() });
    let allowed = catalogue.services.iter().map(|service| {
        let config = services.iter().find(|config| config.name == service.name);
        (service.name.clone(), allowed(catalogue, service, config))
    });
    graph["allowed"] = Value::Object(allowed.collect());
    graph["events"] = events(catalogue);
    if !units.is_empty() {
        graph["units"] = units.iter().map(unit).collect();
    }
    format!("{graph:#}")
}

/// Each event that is published: by whom, and which methods it begins.
fn events(catalogue: &Catalogue) -> Value {
    let mut events: Vec<Value> = Vec::new();
    for (service, event) in catalogue.published() {
        let listed = events.iter_mut().find(|listed| {
            listed["topic"] == event.topic.as_str() && listed["version"] == event.version
        });
        if let Some(publishers) = listed.and_then(|listed| listed["publishers"].as_array_mut()) {
            publishers.push(service.name.as_str().into());
            continue;
        }
        let subscriptions = catalogue.subscriptions().filter(|(.., on)| is_of(event, on));
        let subscriptions =
            subscriptions.map(|(to, method, _)| format!("{}.{}", to.name, method.name));
        events.push(json!({
            "topic": event.topic,
            "version": event.version,
            "publishers": [service.name],
            "subscriptions": subscriptions.collect::<Vec<_>>(),
        }));
    }
    events.into()
}

/// Who may call each method of a service: by what is declared, less what config leaves out.
fn allowed(catalogue: &Catalogue, service: &KnownService, config: Option<&ServiceConfig>) -> Value {
    let needing = catalogue.services.iter().filter(|other| other.needs.contains(&service.name));
    let needing: Vec<&str> = needing.map(|other| other.name.as_str()).collect();
    let callers = |method: &MethodDescriptor| {
        let edge = method.at_the_edge().then_some("edge");
        let all = needing.iter().copied().chain(edge).chain(["program"]);
        let rule = config.and_then(|c| c.allow.iter().find(|rule| rule.method == method.name));
        let lets =
            |caller: &&str| rule.is_none_or(|r| r.callers.iter().any(|c| c.name() == *caller));
        (method.name.clone(), all.filter(lets).collect())
    };
    let methods = service.contract.iter().flat_map(|contract| &contract.methods);
    Value::Object(methods.map(callers).collect())
}

fn text(catalogue: &Catalogue, units: &[UnitLayout]) -> String {
    let mut text = String::new();
    for service in &catalogue.services {
        let host = units.iter().find(|unit| unit.services.contains(&service.name));
        let host = host.map(|unit| format!(" ({})", unit.unit)).unwrap_or_default();
        let needs = match service.needs[..] {
            [] => String::new(),
            ref needs => format!(" -> {}", needs.join(", ")),
        };
        let _ = writeln!(text, "{}{host}{needs}", service.name);
        let edges = event_edges(catalogue).into_iter();
        for (_, to, topic) in edges.filter(|(from, ..)| *from == service.name) {
            let _ = writeln!(text, "    {topic} ..> {to}");
        }
    }
    text
}

/// Whether a call stays in its process; without units, all do.
fn within_one_unit(units: &[UnitLayout], from: &str, to: &str) -> bool {
    let hosts = |unit: &UnitLayout, name: &str| unit.services.iter().any(|service| service == name);
    units.is_empty() || units.iter().any(|unit| hosts(unit, from) && hosts(unit, to))
}

/// A name as an identifier that Mermaid doesn't take for a word of its own.
fn id(name: &str) -> String {
    let name: String =
        name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{name}_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn drawn(topology: Option<&str>, format: GraphFormat) -> String {
        let order = KnownService::new("order").needs(["user", "payment"]);
        let services = vec![order, KnownService::new("user"), KnownService::new("payment")];
        let catalogue = Catalogue { app: "shop".into(), services, ..Catalogue::default() };
        let text = "[units.front]\nservices = [\"user\", \"order\"]\n[units.pay]\n\
                    services = [\"payment\"]\nlisten = \"unix:x\"\n\
                    [topologies]\nsplit = [\"front\", \"pay\"]\n";
        let config = Config::parse("app.toml", text, [], &catalogue).unwrap();
        let units = topology.map(|name| config.layouts(Some(name)).unwrap()).unwrap_or_default();
        draw(&catalogue, &config.services, &units, format)
    }

    fn with_events(format: GraphFormat) -> String {
        let order = KnownService::new("order").needs(["user"]).events(
            &[("order.paid", 1), ("order.paid", 2), ("order.lost", 1)],
            &[("user.gone", 1)],
        );
        let user = KnownService::new("user")
            .events(&[("user.gone", 1)], &[("order.paid", 1), ("order.paid", 2)]);
        let services = vec![order, user];
        let catalogue = Catalogue { app: "shop".into(), services, ..Catalogue::default() };
        let config = Config::parse("app.toml", "", [], &catalogue).unwrap();
        draw(&catalogue, &config.services, &[], format)
    }

    #[test]
    fn events_are_dashed_from_who_publishes_to_who_subscribes() {
        assert_eq!(
            with_events(GraphFormat::Mermaid),
            "flowchart LR\n    order_[\"order\"]\n    user_[\"user\"]\n    order_ --> user_\n    \
             order_ -.->|\"order.paid\"| user_\n    user_ -.->|\"user.gone\"| order_\n"
        );
        let dot = with_events(GraphFormat::Dot);
        let dashed = "\"order\" -> \"user\" [style=dashed, label=\"order.paid\"];";
        assert_eq!(dot.matches(dashed).count(), 1, "{dot}");
        assert_eq!(
            with_events(GraphFormat::Text),
            "order -> user\n    order.paid ..> user\nuser\n    user.gone ..> order\n"
        );
    }

    #[test]
    fn json_lists_each_event_with_its_publishers_and_subscriptions() {
        let json: Value = serde_json::from_str(&with_events(GraphFormat::Json)).unwrap();
        let expected = json!([
            {
                "topic": "order.paid", "version": 1, "publishers": ["order"],
                "subscriptions": ["user.order_paid"],
            },
            {
                "topic": "order.paid", "version": 2, "publishers": ["order"],
                "subscriptions": ["user.order_paid"],
            },
            {
                "topic": "order.lost", "version": 1, "publishers": ["order"], "subscriptions": [],
            },
            {
                "topic": "user.gone", "version": 1, "publishers": ["user"],
                "subscriptions": ["order.user_gone"],
            },
        ]);
        assert_eq!(json["events"], expected);
        let none: Value = serde_json::from_str(&drawn(None, GraphFormat::Json)).unwrap();
        assert_eq!(none["events"], json!([]));
    }

    #[test]
    fn services_alone() {
        assert_eq!(
            drawn(None, GraphFormat::Mermaid),
            "flowchart LR\n    order_[\"order\"]\n    user_[\"user\"]\n    payment_[\"payment\"]\n    \
             order_ --> user_\n    order_ --> payment_\n"
        );
        assert_eq!(drawn(None, GraphFormat::Text), "order -> user, payment\nuser\npayment\n");
    }

    #[test]
    fn services_in_units_with_thick_arrows_between() {
        assert_eq!(
            drawn(Some("split"), GraphFormat::Mermaid),
            "flowchart LR\n    subgraph unit_front_[\"front\"]\n        user_[\"user\"]\n        \
             order_[\"order\"]\n    end\n    subgraph unit_pay_[\"pay\"]\n        \
             payment_[\"payment\"]\n    end\n    order_ --> user_\n    order_ ==> payment_\n"
        );
        let dot = drawn(Some("split"), GraphFormat::Dot);
        assert!(dot.contains("subgraph \"cluster_pay\""), "{dot}");
        assert!(dot.contains("\"order\" -> \"payment\" [style=bold];"), "{dot}");
        let json: serde_json::Value =
            serde_json::from_str(&drawn(Some("split"), GraphFormat::Json)).unwrap();
        assert_eq!(json["units"][1]["services"][0], "payment");
        assert_eq!(json["services"][0]["needs"][0], "user");
        let text = drawn(Some("split"), GraphFormat::Text);
        assert_eq!(text, "order (front) -> user, payment\nuser (front)\npayment (pay)\n");
    }
}
