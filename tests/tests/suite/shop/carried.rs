//! The shop with a broker between its units: what others see of it, and what its outages cost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seam_tests::brokers::{Broker, Kind};
use seam_tests::http::{Response, get, post, post_text};
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::transcript::{place_as, tea};
use crate::support::carriers::Carrier;
use crate::support::foreign::Foreign;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn premises(engine: &str, url: &str) -> Premises {
    let settings = [("SEAM__BUS__ENGINE", engine), ("SEAM__BUS__URL", url)];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    Premises::new(settings.into()).unwrap()
}

async fn sign_up(edge: SocketAddr) {
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);
}

/// Until an order has gone out.
async fn shipped(edge: SocketAddr, order: u64) {
    let began = Instant::now();
    let path = format!("/api/shipping?orderId={order}");
    loop {
        let answer = get(&path).send(edge).await.unwrap();
        let shipments = answer.json()["shipments"].clone();
        if shipments[0]["status"] == "dispatched" {
            assert_eq!(shipments.as_array().unwrap().len(), 1, "{shipments}");
            return;
        }
        assert!(began.elapsed() < PATIENCE, "order {order}: {shipments}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn form(module: &str, method: &str, biz_content: &str) -> seam_tests::http::Request {
    let body = format!("module={module}&version=1.0&method={method}&bizContent={biz_content}");
    post_text("/gateway", "application/x-www-form-urlencoded", &body)
}

fn code(answer: &Response) -> (u16, String) {
    (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_read_its_events_and_serve_modules_at_its_edge() {
    let Some(carrier) = Carrier::start(Kind::RabbitMq).await else { return };
    let premises = premises("rabbitmq", carrier.url());
    let foreign = Foreign::connect(carrier.url()).await;
    let mut events = foreign.listen().await;
    let mut up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(3, true).await.unwrap();
    sign_up(edge).await;
    assert_eq!(place_as("once", &tea(1, 2)).send(edge).await.unwrap().status, 201);
    shipped(edge, 1).await;
    let mut seen = BTreeSet::new();
    while seen.len() < 4 {
        let (id, topic, event) = events().await;
        let service = topic.split('.').next().unwrap();
        assert!(id.starts_with(&format!("{service}:")), "{id} of {topic}");
        if topic.starts_with("order.") {
            assert_eq!(event["orderId"], 1, "{topic}: {event}");
        }
        seen.insert(topic);
    }
    let all = ["order.created", "order.paid", "shipping.dispatched", "user.created"];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), all);

    let user = json!({ "method": "User.Get", "bizContent": "{\"id\": 1}" });
    let (is_error, found) = foreign.ask("server_user_1.0", &user).await;
    assert_eq!((is_error, &found["email"]), (false, &json!("ada@example.com")));

    let hello = form("pika", "Pika.Hello", r#"{"to":"you"}"#);
    assert_eq!(code(&hello.send(edge).await.unwrap()), (404, "not_found".into()));
    let later = hello.clone().header("prefer", "respond-async").send(edge).await.unwrap();
    assert_eq!((later.status, &later.json()["state"]), (202, &json!("pending")));
    let worker = Foreign::connect(carrier.url()).await;
    let answer = |asked: Value| match asked["method"].as_str() {
        Some("Pika.Hello") => Ok(asked),
        _ => Err(json!({ "code": "pika_sad", "message": "no", "status": 409, "why": "rain" })),
    };
    worker.serve("server_pika_1.0", answer).await;
    let asked = json!({ "method": "Pika.Hello", "bizContent": r#"{"to":"you"}"# });
    let answer = hello.send(edge).await.unwrap();
    assert_eq!((answer.status, answer.json()), (200, asked.clone()), "as it was sent");
    let sad = form("pika", "Pika.Cry", "{}").send(edge).await.unwrap();
    assert_eq!(code(&sad), (409, "pika_sad".into()));
    assert_eq!((&sad.json()["outcome"], &sad.json()["why"]), (&json!("service"), &json!("rain")));
    let ticket = get(later.header("location").unwrap()).header("prefer", "wait=10");
    let ticket = ticket.send(edge).await.unwrap().json();
    assert_eq!((&ticket["state"], &ticket["result"]), (&json!("done"), &asked), "{ticket}");
    assert!(up.stop().await.unwrap().success());
}

/// Orders go through while the broker is away, and whatever they lead to happens once it is back.
async fn outlived(kind: Kind, engine: &str) {
    let Some(mut broker) = Broker::start(kind).await.unwrap() else { return };
    let premises = premises(engine, &broker.url());
    let mut up = premises.start(&["up", "split"]).unwrap();
    let edge = premises.edge(3, true).await.unwrap();
    sign_up(edge).await;
    let order = async |number: u64| {
        let placed = place_as(&format!("order-{number}"), &tea(1, 1)).send(edge).await.unwrap();
        assert_eq!(placed.status, 201, "{}", placed.text());
    };
    for number in 1..=5 {
        order(number).await;
    }
    shipped(edge, 5).await;
    broker.kill().await.unwrap();
    for number in 6..=20 {
        order(number).await;
    }
    broker.resume().await.unwrap();
    for number in 21..=25 {
        order(number).await;
    }
    for number in 1..=25 {
        shipped(edge, number).await;
    }
    let mails = premises.folder().join("data/mail");
    let mailed = async || std::fs::read_dir(&mails).unwrap().count();
    let listed = async || {
        let history = get("/api/history?userId=1&limit=100").send(edge).await.unwrap().json();
        let orders = history["orders"].as_array().unwrap();
        orders.iter().filter(|order| order["status"] == "shipped").count()
    };
    let began = Instant::now();
    while mailed().await < 25 || listed().await < 25 {
        let counts = (mailed().await, listed().await);
        assert!(began.elapsed() < PATIENCE, "mailed and listed: {counts:?}");
        sleep(Duration::from_millis(50)).await;
    }
    println!("all there {:?} after the last shipment", began.elapsed());
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_nats_delays_and_loses_nothing() {
    outlived(Kind::Nats, "nats").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_of_rabbitmq_delays_and_loses_nothing() {
    outlived(Kind::RabbitMq, "rabbitmq").await;
}
