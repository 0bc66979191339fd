//! What is known of a contract before anything starts.

use std::time::Duration;

use seam_core::contract::{Contract, HttpRoute, TurnKind};
use serde_json::json;

use super::vault::VaultContract;

#[test]
fn a_contract_has_its_name_its_version_and_its_methods_in_order() {
    let vault = VaultContract::descriptor();
    assert_eq!((vault.name, vault.version), ("vault", "1.2"));
    assert_eq!(vault.doc, "Keeps items.\n\nWith a method of every kind.");
    let names: Vec<&str> = vault.methods.iter().map(|method| method.spec.name).collect();
    let expected = [
        "put", "item", "unit", "clear", "count", "shapes", "nested", "map", "bytes", "tuple",
        "fail", "panics", "type",
    ];
    assert_eq!(names, expected);
    assert!(vault.methods.iter().enumerate().all(|(i, m)| usize::from(m.spec.index) == i));
}

#[test]
fn options_are_as_declared() {
    let vault = VaultContract::descriptor();
    let put = vault.method("put").unwrap().spec;
    assert_eq!(put.doc, "Puts an item in.");
    assert!(put.idempotent && put.public);
    assert_eq!((put.turn, put.deadline), (TurnKind::Exclusive, Some(Duration::from_secs(2))));
    assert_eq!(put.arguments, ["itemId", "unitPrice", "keyText"]);
    let routes = [
        HttpRoute {
            verb: "POST",
            path: "/api/vault/{itemId}",
            status: 201,
            location: Some("/api/vault/{id}"),
            headers: &[("keyText", "Idempotency-Key")],
        },
        HttpRoute { verb: "PUT", path: "/api/vault", status: 200, location: None, headers: &[] },
    ];
    assert_eq!(put.http, routes);
    let item = vault.method("item").unwrap().spec;
    assert!(!item.idempotent && !item.public && item.http.is_empty());
    assert_eq!((item.turn, item.deadline), (TurnKind::Shared, None));
    assert_eq!(vault.method("count").unwrap().spec.turn, TurnKind::Complete);
}

#[test]
fn schemas_name_what_json_names() {
    let vault = VaultContract::descriptor();
    let put = vault.method("put").unwrap().schema();
    assert_eq!(put.arguments["required"], json!(["itemId", "unitPrice"]));
    assert_eq!(put.arguments["additionalProperties"], json!(false));
    assert_eq!(put.arguments["properties"]["unitPrice"]["type"], json!("integer"));
    assert!(put.answer["properties"]["unitPrice"].is_object());
    let unit = vault.method("unit").unwrap().schema();
    assert_eq!(unit.answer["type"], json!("null"));
    assert_eq!(unit.error["not"], json!({}), "no value is one");
}

#[test]
fn errors_are_listed_with_their_method() {
    let vault = VaultContract::descriptor();
    let codes: Vec<&str> = vault.method("put").unwrap().errors.iter().map(|e| e.code).collect();
    assert_eq!(codes, ["closed", "no_item", "pair", "lost_track"]);
    assert!(vault.method("unit").unwrap().errors.is_empty());
}
