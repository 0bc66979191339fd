//! Calls: by the generated client, encoded, and in JSON.

use std::collections::BTreeMap;

use seam::prelude::*;
use seam_core::call::{AnyClient, CallOptions, Client, Dispatch};
use seam_core::contract::{Contract, ServiceFailure};
use seam_core::remote::Caller;
use serde_json::{Value, json};

use super::vault::{Fake, Item, ItemId, Shape, VaultClient, VaultContract, VaultError, both_ways};

#[tokio::test]
async fn a_client_is_made_on_whatever_implements_the_trait() {
    let vault = VaultClient::local(Fake::new());
    let item = vault.put(ItemId(7), 42, None).await.unwrap();
    assert_eq!(item, Item { id: ItemId(7), unit_price: 42, label: None });
    assert_eq!(vault.item(ItemId(7)).await, Ok(item));
    assert_eq!(vault.clone().count().await, Ok(1));
}

#[tokio::test]
async fn a_call_is_owned_and_may_go_to_another_task() {
    let vault = VaultClient::local(Fake::new());
    let call = vault.put(ItemId(1), 1, None).deadline(seam::secs(1));
    drop(vault);
    assert!(tokio::spawn(call).await.unwrap().is_ok());
}

#[tokio::test]
async fn every_kind_of_value_arrives_as_it_left() {
    for (way, vault) in both_ways() {
        let vault = VaultClient::from(vault);
        let item = vault.put(ItemId(1), 5, Some("tea".to_owned())).await.unwrap();
        assert_eq!(vault.item(ItemId(1)).await, Ok(item.clone()), "{way}");
        assert_eq!(vault.unit().await, Ok(()), "{way}");
        assert_eq!(vault.count().await, Ok(1), "{way}");
        let shapes = [
            Shape::Point,
            Shape::Circle(3),
            Shape::Line(1, 2),
            Shape::Rect { left_edge: 1, right_edge: 9 },
            Shape::Held(Some(Box::new(item))),
            Shape::Held(None),
        ];
        for shape in shapes {
            let twice = vec![shape.clone(), shape.clone()];
            assert_eq!(vault.shapes(shape, 2).await, Ok(twice), "{way}");
        }
        for value in [None, Some(None), Some(Some(3))] {
            assert_eq!(vault.nested(value).await, Ok(value), "{way}");
        }
        let words = BTreeMap::from([("tea".to_owned(), vec![1, 2]), (String::new(), vec![])]);
        let counts = BTreeMap::from([("tea".to_owned(), 2), (String::new(), 0)]);
        assert_eq!(vault.map(words).await, Ok(counts), "{way}");
        let large: Vec<u8> = (0..1_000_000).map(|i| i as u8).collect();
        let reversed: Vec<u8> = large.iter().rev().copied().collect();
        assert_eq!(vault.bytes(large).await, Ok(reversed), "{way}");
        let tuple = vault.tuple((-1, 0.5, 'é'), [true, false, true]).await;
        assert_eq!(tuple, Ok(([true, false, true], (-1, 0.5, 'é'))), "{way}");
        assert_eq!(vault.r#type(9).await, Ok(9), "{way}");
        assert_eq!(vault.clear().await, Ok(()), "{way}");
        assert_eq!(vault.count().await, Ok(0), "{way}");
    }
}

#[tokio::test]
async fn errors_come_back_as_what_they_are() {
    for (way, vault) in both_ways() {
        let vault = VaultClient::from(vault);
        let id = ItemId(404);
        let missing = Err(CallError::Service(VaultError::Missing { id }));
        assert_eq!(vault.item(id).await, missing, "{way}");
        assert_eq!(vault.fail(0).await, Ok(()), "{way}");
        let pair = VaultError::Pair(2, "two".to_owned());
        assert_eq!(vault.fail(2).await, Err(CallError::Service(pair)), "{way}");
        let panicked = Err(CallError::Unknown(Unknown::Panicked));
        assert_eq!(vault.panics("on purpose".to_owned()).await, panicked, "{way}");
    }
}

#[tokio::test]
async fn a_question_mark_passes_a_failed_inner_call_on() {
    for (way, vault) in both_ways() {
        let Err(CallError::Unknown(Unknown::Inner(inner))) = VaultClient::from(vault).fail(9).await
        else {
            panic!("{way}: not an inner failure");
        };
        assert_eq!((&*inner.service, &*inner.method), ("bank", "pay"), "{way}");
        assert_eq!(&*inner.cause, "7 cents short", "{way}");
    }
}

/// Calls the method of that name in JSON.
async fn json(
    vault: &Client<VaultContract>,
    method: &str,
    arguments: Value,
) -> Result<Value, CallError<ServiceFailure>> {
    let arguments = arguments.to_string().into_bytes();
    let index = VaultContract::descriptor().method(method).unwrap().index;
    let reply = VaultContract::call_json(vault, index, &arguments, CallOptions::default());
    reply.unwrap().await.map(|answer| serde_json::from_slice(&answer.into_json()).unwrap())
}

#[tokio::test]
async fn json_names_are_camel_case_and_rust_names_are_understood() {
    for (way, vault) in both_ways() {
        let item = json!({"id": 3, "unitPrice": 9, "label": "tea"});
        let camel = json!({"itemId": 3, "unitPrice": 9, "keyText": "tea"});
        assert_eq!(json(&vault, "put", camel).await, Ok(item.clone()), "{way}");
        let snake = json!({"item_id": 3, "unit_price": 9, "key_text": "tea"});
        assert_eq!(json(&vault, "put", snake).await, Ok(item), "{way}");
        assert_eq!(json(&vault, "unit", json!({})).await, Ok(Value::Null), "{way}");
        let shape = json!({"rect": {"leftEdge": 1, "rightEdge": 2}});
        let shapes = json(&vault, "shapes", json!({"shape": shape, "times": 1})).await;
        assert_eq!(shapes, Ok(json!([shape])), "{way}");
        assert_eq!(json(&vault, "type", json!({"struct": 1})).await, Ok(json!(1)), "{way}");
    }
}

#[tokio::test]
async fn a_misspelt_or_missing_argument_is_named() {
    for (way, vault) in both_ways() {
        let wrong = [
            (json!({"itemId": 3, "unitPrize": 9}), "unitPrize"),
            (json!({"unitPrice": 9}), "itemId"),
            (json!({"itemId": 3, "unitPrice": 9, "unit_price": 9}), "unitPrice"),
        ];
        for (arguments, named) in wrong {
            let refused = json(&vault, "put", arguments).await.unwrap_err();
            assert!(refused.not_executed(), "{way}: {refused}");
            assert!(refused.to_string().contains(named), "{way}: {refused}");
        }
        assert_eq!(json(&vault, "count", json!({})).await, Ok(json!(0)), "{way}");
    }
}

#[tokio::test]
async fn a_service_error_in_json_has_code_status_text_and_fields() {
    for (way, vault) in both_ways() {
        let Err(CallError::Service(failure)) = json(&vault, "item", json!({"id": 5})).await else {
            panic!("{way}: not a service error");
        };
        assert_eq!((failure.code.as_str(), failure.status), ("no_item", 404), "{way}");
        assert_eq!(failure.detail, "no item ItemId(5), {sorry}", "{way}");
        assert_eq!(Value::from(failure.fields), json!({"id": 5}), "{way}");
    }
}

#[tokio::test]
async fn a_method_that_there_is_not_is_none() {
    let [(_, vault), _] = both_ways();
    let none = VaultContract::call_json(&vault, 99, b"{}", CallOptions::default());
    assert!(none.is_none());
}

#[tokio::test]
async fn no_text_is_no_arguments() {
    let count = VaultContract::descriptor().method("count").unwrap().index;
    for (way, vault) in both_ways() {
        let reply = VaultContract::call_json(&vault, count, b"", CallOptions::default());
        assert_eq!(reply.unwrap().await.unwrap().into_json(), b"0", "{way}");
    }
}

#[test]
fn arguments_are_kept_in_one_spelling() {
    let put = VaultContract::descriptor().method("put").unwrap().index;
    let kept = |json: &str| VaultContract::kept_json(put, json.as_bytes()).unwrap();
    for json in [
        r#"{"itemId":3,"unitPrice":9}"#,
        " { \"unit_price\" : 9, \"item_id\" : 3 } ",
        r#"{"\u0069temId":3,"unitPrice":9}"#,
    ] {
        let expected = br#"{"itemId":3,"keyText":null,"unitPrice":9}"#;
        assert_eq!(kept(json).unwrap(), expected, "{json}");
    }
    for (json, named) in [("", "itemId"), (r#"{"itemId":3,"unitPrize":9}"#, "unitPrize")] {
        let refused = kept(json).unwrap_err();
        assert!(refused.to_string().contains(named), "{refused}");
    }
    assert_eq!(VaultContract::kept_json(99, b"{}"), None);
}

#[tokio::test]
async fn the_edge_may_call_only_what_the_contract_offers_there() {
    for (way, vault) in both_ways() {
        let edge = vault.for_caller(Caller::Edge);
        let method = |name: &str| VaultContract::descriptor().method(name).unwrap().index;
        let options = CallOptions::default;
        let refused = edge.call_json(method("count"), b"{}", options()).await.unwrap_err();
        assert!(matches!(refused, CallError::NotExecuted(NotExecuted::Denied { .. })), "{way}");
        let offered = edge.call_json(method("put"), br#"{"itemId": 1, "unitPrice": 2}"#, options());
        assert!(offered.await.is_ok(), "{way}");
    }
}

#[tokio::test]
#[should_panic(expected = "polled again after it had come to its outcome")]
async fn a_call_that_is_polled_after_its_end_says_so() {
    let mut call = VaultClient::local(Fake::new()).count();
    assert_eq!((&mut call).await, Ok(0));
    let _ = call.await;
}
