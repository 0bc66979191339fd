//! What is known of a contract before anything starts.

use std::time::Duration;

use seam_core::contract::{Contract, ContractDescriptor, HttpRoute, TurnKind};
use serde_json::json;

use super::vault::VaultContract;

#[test]
fn a_contract_has_its_name_its_version_and_its_methods_in_order() {
    let vault = VaultContract::descriptor();
    assert_eq!((&*vault.name, &*vault.version), ("vault", "1.2"));
    assert_eq!(vault.doc, "Keeps items.\n\nWith a method of every kind.");
    let names: Vec<&str> = vault.methods.iter().map(|method| &*method.name).collect();
    let expected = [
        "put", "item", "unit", "clear", "count", "shapes", "nested", "map", "bytes", "tuple",
        "fail", "panics", "type",
    ];
    assert_eq!(names, expected);
    assert!(vault.methods.iter().enumerate().all(|(i, m)| usize::from(m.index) == i));
}

#[test]
fn options_are_as_declared() {
    let vault = VaultContract::descriptor();
    let put = vault.method("put").unwrap();
    assert_eq!(put.doc, "Puts an item in.");
    assert!(put.idempotent && put.public);
    assert_eq!((put.turn, put.deadline), (TurnKind::Exclusive, Some(Duration::from_secs(2))));
    let arguments: Vec<_> = put.arguments.iter().map(|a| (&*a.name, &*a.doc)).collect();
    let expected = [("itemId", "Which item."), ("unitPrice", ""), ("keyText", "Its label.")];
    assert_eq!(arguments, expected);
    let routes = [
        HttpRoute {
            verb: "POST".into(),
            path: "/api/vault/{itemId}".into(),
            status: 201,
            location: Some("/api/vault/{id}".into()),
            headers: vec![("keyText".into(), "Idempotency-Key".into())],
            accept: vec![],
        },
        HttpRoute {
            verb: "PUT".into(),
            path: "/api/vault".into(),
            status: 200,
            location: None,
            headers: vec![],
            accept: vec![],
        },
    ];
    assert_eq!(put.http, routes);
    let item = vault.method("item").unwrap();
    assert!(!item.idempotent && !item.public && item.http.is_empty());
    assert_eq!((item.turn, item.deadline), (TurnKind::Shared, None));
    assert_eq!(vault.method("count").unwrap().turn, TurnKind::Complete);
}

#[test]
fn schemas_name_what_json_names() {
    let vault = VaultContract::descriptor();
    let put = vault.method("put").unwrap().schema.clone();
    assert_eq!(put.arguments["required"], json!(["itemId", "unitPrice"]));
    assert_eq!(put.arguments["additionalProperties"], json!(false));
    assert_eq!(put.arguments["properties"]["unitPrice"]["type"], json!("integer"));
    assert!(put.answer["properties"]["unitPrice"].is_object());
    let unit = vault.method("unit").unwrap().schema.clone();
    assert_eq!(unit.answer["type"], json!("null"));
    assert_eq!(unit.error["not"], json!({}), "no value is one");
}

#[test]
fn errors_are_listed_with_their_method() {
    let vault = VaultContract::descriptor();
    let codes: Vec<&str> = vault.method("put").unwrap().errors.iter().map(|e| &*e.code).collect();
    assert_eq!(codes, ["closed", "no_item", "pair", "lost_track"]);
    assert!(vault.method("unit").unwrap().errors.is_empty());
}

#[test]
fn an_errors_fields_are_told_as_json_knows_them() {
    let errors = &VaultContract::descriptor().method("put").unwrap().errors;
    let no_item = &errors[1];
    assert_eq!((&*no_item.doc, no_item.fields.len()), ("Nothing there.", 1));
    let id = &no_item.fields[0];
    assert_eq!((&*id.name, &*id.doc), ("id", "What was asked for."));
    assert_eq!(id.schema["type"], json!("integer"));
    assert!(errors[2].fields.is_empty(), "two values without names");
}

#[test]
fn a_descriptor_can_be_kept_and_read_again() {
    let vault = VaultContract::descriptor();
    let text = serde_json::to_string(vault).unwrap();
    assert_eq!(&serde_json::from_str::<ContractDescriptor>(&text).unwrap(), vault);
    let value = serde_json::to_value(vault).unwrap();
    assert_eq!(value["methods"][0]["turn"], json!("exclusive"));
    assert_eq!(value["methods"][0]["errors"][1]["fields"][0]["name"], json!("id"));
}

/// A name for it, and a type that is one.
type Picture = seam::Blob;

#[seam::message]
struct Portrait(Option<Picture>);

#[seam::contract(name = "gallery", version = "1.0")]
trait Gallery {
    #[call(http = "POST /api/picture/{id}", accept = "Image/PNG,image/jpeg")]
    #[call(http = "PUT /api/picture", header(id = "Id"))]
    async fn hang(&mut self, id: u8, picture: Picture) -> ();
    #[call(http = "PATCH /api/portrait", accept = "application/vnd.x+json")]
    async fn hang_portrait(&mut self, portrait: Box<Portrait>) -> ();
}

#[test]
fn a_route_says_which_media_types_it_accepts() {
    let gallery = GalleryContract::descriptor();
    let accepts = |method: usize, route: usize| gallery.methods[method].http[route].accept.clone();
    assert_eq!(accepts(0, 0), ["image/png", "image/jpeg"]);
    assert_eq!(accepts(0, 1), [""; 0]);
    assert_eq!(accepts(1, 0), ["application/vnd.x+json"]);
    let mut value = serde_json::to_value(gallery).unwrap();
    assert_eq!(serde_json::from_value::<ContractDescriptor>(value.clone()).unwrap(), *gallery);
    let route = value["methods"][0]["http"][1].as_object_mut().unwrap();
    assert_eq!(route.remove("accept"), Some(json!([])));
    let older = serde_json::from_value::<ContractDescriptor>(value).unwrap();
    assert_eq!(older, *gallery, "written down before there was this member");
}
