//! The shop on two hosts, as docs/deploying.md has it: two addresses, and a data folder each.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use seam_tests::http::post;
use seam_tests::process::{Process, example};
use seam_tests::shop::Premises;
use serde_json::{Value, json};

use super::transcript::place_as;
use crate::support::until;

/// A host of its own: another folder, the same config and certificates.
fn host(certs: &str, listen: &[(&str, SocketAddr)]) -> Premises {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../app.toml");
    let text = fs::read_to_string(file).unwrap();
    let mut settings = vec![("SEAM__TLS__DIR".to_owned(), certs.to_owned())];
    for (unit, address) in listen {
        settings.push((format!("SEAM__UNITS__{unit}__LISTEN"), address.to_string()));
    }
    Premises::with(example("shop").unwrap(), &text, settings).unwrap()
}

fn run(host: &Premises, unit: &str) -> Process {
    host.start(&["run", "--topology", "split", "--unit", unit]).unwrap()
}

fn free(host: Ipv4Addr) -> SocketAddr {
    TcpListener::bind((host, 0)).unwrap().local_addr().unwrap()
}

/// Places an order over 100 pieces at a cent; status, total, and whether a fallback had part in it.
async fn order(edge: SocketAddr, key: &str) -> (u16, Value, bool) {
    let products = json!([{ "sku": "tea", "quantity": 100, "unitPriceCents": 1 }]);
    let order = place_as(key, &json!({ "userId": 1, "products": products }));
    let answer = order.send(edge).await.unwrap();
    let degraded = answer.header("x-seam-degraded") == Some("true");
    (answer.status, answer.json()["order"]["totalCents"].clone(), degraded)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_runs_on_two_hosts() {
    let certs = tempfile::tempdir().unwrap();
    let certs = certs.path().to_str().unwrap();
    let second = Ipv4Addr::new(127, 0, 0, 2);
    let front = free(Ipv4Addr::LOCALHOST);
    let listen = [("FRONT", front), ("PAY", free(second)), ("QUOTE", free(second))];
    let (one, two) = (host(certs, &listen), host(certs, &listen));
    assert!(one.command(&["certs", "--dir", certs]).await.unwrap().status.success());

    let mut front = run(&one, "front");
    let (mut pay, mut quote) = (run(&two, "pay"), run(&two, "quote"));
    let edge = one.edge(1, true).await.unwrap();
    assert_eq!(two.status().await.unwrap().iter().filter(|own| own["running"] == true).count(), 2);
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);
    assert_eq!(order(edge, "whole").await, (201, json!(95), false));

    assert!(quote.stop().await.unwrap().success());
    assert_eq!(order(edge, "without quote").await, (201, json!(100), true));
    pay.kill().await.unwrap();
    pay = run(&two, "pay");
    until("orders are paid again", async || order(edge, "pay is back").await.0 == 201).await;
    quote = run(&two, "quote");
    let mut number = 0;
    until("the discount is back", async || {
        number += 1;
        order(edge, &format!("quote is back {number}")).await == (201, json!(95), false)
    })
    .await;
    for unit in [&mut front, &mut pay, &mut quote] {
        assert!(unit.stop().await.unwrap().success());
    }
}
