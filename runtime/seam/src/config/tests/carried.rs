//! What the wire can't carry is found here: a test per cap.

use seam_core::contract::ContractDescriptor;
use seam_wire::limits;

use super::*;

/// The shop, with its payment in a unit of its own.
fn split(catalogue: &Catalogue, more: &str) -> String {
    let text = format!("{SHOP}{more}");
    match Config::parse("app.toml", text, [], catalogue) {
        Ok(_) => "no problem".into(),
        Err(problems) => problems.to_string(),
    }
}

fn contract(methods: usize) -> &'static ContractDescriptor {
    let method = |index: usize| {
        serde_json::json!({
            "name": format!("method_with_quite_a_name_{index}"), "index": index, "doc": "",
            "turn": "shared", "idempotent": false, "deadline": null, "public": false, "http": [],
            "arguments": [], "errors": [], "hash": index, "layout": "",
            "schema": { "arguments": {}, "answer": {}, "error": {} },
        })
    };
    let methods: Vec<_> = (0..methods).map(method).collect();
    let contract = serde_json::json!({
        "name": "wide", "version": "1.0", "doc": "", "methods": methods,
    });
    Box::leak(Box::new(serde_json::from_value(contract).unwrap()))
}

/// An app of so many services of one contract, all in one unit that another one calls.
fn wide(services: usize, contract: &'static ContractDescriptor) -> String {
    let names: Vec<_> = (0..services).map(|number| format!("s{number}")).collect();
    let service = |name: &String| KnownService::new(name).contract(contract);
    let front = KnownService::new("front").needs([&names[0]]);
    let services = names.iter().map(service).chain([front]).collect();
    let catalogue = Catalogue { app: "wide".into(), services, ..Catalogue::default() };
    let text = format!(
        "[units.front]\nservices = [\"front\"]\n[units.wide]\nservices = {names:?}\n\
         listen = \"127.0.0.1:7102\"\n[topologies]\nsplit = [\"front\", \"wide\"]\n"
    );
    match Config::parse("app.toml", text, [], &catalogue) {
        Ok(_) => "no problem".into(),
        Err(problems) => problems.to_string().lines().map(|line| format!("{line}\n")).collect(),
    }
}

#[test]
fn the_apps_name_in_the_code() {
    let catalogue = Catalogue { app: "the shop".into(), ..shop() };
    let said = Config::parse("app.toml", "", [], &catalogue).unwrap_err().to_string();
    assert!(said.contains("\"the shop\" can't be the name of an app"), "{said}");
    assert!(said.contains("in `App::new`, or by `name` of [app]"), "{said}");
}

#[test]
fn the_release() {
    let release = |length| Catalogue { release: "r".repeat(length), ..shop() };
    assert_eq!(split(&release(limits::MAX_NAME), ""), "no problem");
    let said = split(&release(limits::MAX_NAME + 1), "");
    assert!(said.contains("the release has 129 bytes, and other units are told 128"), "{said}");
    assert!(said.contains("`App::release`"), "{said}");
}

#[test]
fn the_services_of_a_unit() {
    let few = contract(0);
    let said = wide(limits::MAX_SERVICES + 1, few);
    assert!(
        said.contains("unit `wide` can't tell other units what it hosts: services of 4097"),
        "{said}"
    );
    assert!(said.contains("move some `services` of [units.wide] to another unit"), "{said}");
}

#[test]
fn the_methods_of_a_service() {
    assert_eq!(wide(1, contract(limits::MAX_METHODS)), "no problem");
    let said = wide(1, contract(limits::MAX_METHODS + 1));
    assert!(said.contains("methods of 1025, where at most 1024 can be sent"), "{said}");
}

#[test]
fn all_that_a_hello_says() {
    let contract = contract(1_000);
    assert_eq!(wide(6, contract), "no problem");
    let said = wide(8, contract);
    assert!(said.contains("can't tell other units what it hosts: a frame of"), "{said}");
}

#[test]
fn the_services_that_a_call_passes_through() {
    let row = |length: usize| {
        let service = |number: usize| {
            let needs = (number + 1 < length).then(|| format!("s{}", number + 1));
            KnownService::new(format!("s{number}")).needs(needs)
        };
        let services = (0..length).map(service).collect();
        let catalogue = Catalogue { app: "row".into(), services, ..Catalogue::default() };
        match Config::parse("app.toml", "", [], &catalogue) {
            Ok(_) => "no problem".into(),
            Err(problems) => problems.to_string(),
        }
    };
    assert_eq!(row(32), "no problem");
    let said = row(33);
    assert!(
        said.contains("a call may have to pass through 33 services, where 32 are the most"),
        "{said}"
    );
    assert!(said.contains("s0 -> s1 -> "), "{said}");
}

#[test]
fn the_bodies_that_the_edge_takes() {
    let body = |body: &str| split(&shop(), &format!("[edge]\nbody = {body}\n"));
    assert_eq!(body("\"4088KiB\""), "no problem");
    let said = body("\"4089KiB\"");
    assert!(said.contains("the edge of unit `front` takes bodies of \"4089KiB\""), "{said}");
    assert!(
        said.contains("`payment` in another unit, which can be sent \"4088KiB\" at most"),
        "{said}"
    );
    // In one unit there is no such cap.
    let alone = "[edge]\nbody = \"1GiB\"\n";
    assert!(Config::parse("app.toml", alone, [], &shop()).is_ok());
}
