//! Units that prove who they are: from the certificates' making to their renewal under load.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use seam_tests::http::{get, post};
use seam_tests::shop::{Mode, Premises, Shop};
use seam_wire::{
    CallHead, CallId, Extensions, Frame, FrameBuffer, Hello, OriginBuf, Trace, Who, limits,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::support::{soon, until};

/// The shop split over TCP, on an address of its own.
struct Place {
    premises: Premises,
    address: String,
}

impl Place {
    fn new(tls: bool) -> Self {
        let part = || fastrand::u8(1..255);
        let address = format!("127.{}.{}.{}", part(), part(), part());
        let tls = if tls { "[tls]\ndir = \"{premises}/certs\"\n" } else { "" };
        let text = format!(
            "[app]\nname = \"shop\"\ndata = \"{{premises}}/data\"\n{tls}\
             [units.front]\nservices = [\"user\", \"order\", \"history\", \"overview\"]\nhttp = \"127.0.0.1:0\"\n\
             [units.pay]\nservices = [\"payment\", \"mail\", \"shipping\"]\nlisten = \"{address}:7102\"\n\
             [units.quote]\nservices = [\"quote\"]\nlisten = \"{address}:7301\"\n\
             [topologies]\nsplit = [\"front\", \"pay\", \"quote\"]\n"
        );
        Self { premises: Premises::with_config(&text).unwrap(), address }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.premises.folder().join("certs").join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// Runs a command of the shop to its end: its exit code, and all that it says.
    async fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.premises.command(arguments).await.unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout) + &text(&output.stderr))
    }

    async fn certs(&self, arguments: &[&str]) -> String {
        let (code, said) = self.run(&[&["certs"], arguments].concat()).await;
        assert_eq!(code, Some(0), "{said}");
        said
    }
}

#[tokio::test]
async fn certificates_are_made_looked_at_and_renewed() {
    let place = Place::new(true);
    let (code, said) = place.run(&["check"]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("ca.pem can't be read") && said.contains("`shop certs`"), "{said}");
    assert!(said.contains("app.toml:5"), "{said}");

    let said = place.certs(&[]).await;
    assert!(said.contains("pay.pem, pay.key") && said.contains("within a second"), "{said}");
    for unit in ["ca", "front", "pay", "quote"] {
        let rights = fs::metadata(place.file(&format!("{unit}.key"))).unwrap().permissions();
        assert_eq!(rights.mode() & 0o777, 0o600, "{unit}");
        assert!(place.file(&format!("{unit}.pem")).exists(), "{unit}");
    }
    assert_eq!(place.run(&["check"]).await.0, Some(0));

    // What is there stays.
    let (ca, pay) = (place.read("ca.pem"), place.read("pay.pem"));
    fs::remove_file(place.file("quote.pem")).unwrap();
    let (code, said) = place.run(&["certs"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("are a pair") && said.contains("--renew"), "{said}");
    fs::remove_file(place.file("quote.key")).unwrap();
    place.certs(&[]).await;
    assert_eq!((place.read("ca.pem"), place.read("pay.pem")), (ca.clone(), pay.clone()));

    fs::copy(place.file("front.key"), place.file("pay.key")).unwrap();
    let (code, said) = place.run(&["check"]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("pay.key isn't the key of the certificate in"), "{said}");
    assert_eq!(place.run(&["run", "--unit", "pay"]).await.0, Some(2));
    assert_eq!(place.run(&["up", "split"]).await.0, Some(2));

    fs::copy(place.file("front.pem"), place.file("pay.pem")).unwrap();
    let (code, said) = place.run(&["check"]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("is of spiffe://shop/unit/front, and not of spiffe://shop/unit/pay"));

    place.certs(&["--renew"]).await;
    assert_eq!(place.run(&["check"]).await.0, Some(0));
    assert_eq!(place.read("ca.pem"), ca, "the CA stays");
    assert_ne!(place.read("pay.pem"), pay);
}

#[tokio::test]
async fn a_folder_without_the_ca_s_key_signs_nothing() {
    let place = Place::new(false);
    let folder = place.premises.folder().join("certs");
    let dir = ["--dir", folder.to_str().unwrap()];
    let said = place.certs(&dir).await;
    assert!(said.contains("[tls]\ndir = "), "what to do next: {said}");
    fs::remove_file(place.file("ca.key")).unwrap();
    place.certs(&dir).await;
    let (code, said) = place.run(&["certs", dir[0], dir[1], "--renew"]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("ca.key isn't there"), "{said}");
}

/// Places orders until it is told to stop: those that were placed, and what else came.
async fn load(edge: SocketAddr, over: Arc<AtomicBool>) -> (Vec<Value>, BTreeMap<String, u32>) {
    let (mut placed, mut failed) = (Vec::new(), BTreeMap::new());
    while !over.load(Ordering::Relaxed) {
        let order = json!({ "userId": 1, "products": [{ "sku": "tea", "quantity": 1, "unitPriceCents": 450 }] });
        let answer = post("/api/order", &order).send(edge).await.unwrap();
        match answer.status {
            201 => placed.push(answer.json()),
            status => *failed.entry(format!("{status} {}", answer.text())).or_default() += 1,
        }
        sleep(Duration::from_millis(5)).await;
    }
    (placed, failed)
}

/// Renewals here; a hundred of them, faster than a second each, are the wire's own test.
const RENEWALS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shop_runs_on_certificates_that_are_renewed_under_load() {
    let place = Place::new(true);
    place.certs(&[]).await;
    let mut up = place.premises.start(&["up", "split"]).unwrap();
    let edge = place.premises.edge(3, true).await.unwrap();
    let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
    assert_eq!(user.send(edge).await.unwrap().status, 201);

    let over = Arc::new(AtomicBool::new(false));
    let calls = tokio::spawn(load(edge, Arc::clone(&over)));
    let taken = |up: &seam_tests::process::Process| up.log().matches("is in use").count();
    for n in 1..=RENEWALS {
        place.certs(&["--renew"]).await;
        until("all units take theirs", async || taken(&up) >= 3 * n).await;
    }
    over.store(true, Ordering::Relaxed);
    let (placed, failed) = calls.await.unwrap();
    println!("{} orders over {RENEWALS} renewals of 3 units, failed: {failed:?}", placed.len());
    assert!(failed.is_empty() && !placed.is_empty(), "{failed:?}");
    for order in placed.iter().step_by(1 + placed.len() / 50) {
        let path = format!("/api/payment?orderId={}", order["order"]["id"]);
        let payments = get(&path).send(edge).await.unwrap().json()["payments"].clone();
        assert_eq!(payments.as_array().map(Vec::len), Some(1), "{order}: {payments}");
    }

    // Handshakes with what is there now.
    let (code, said) = place.run(&["restart", "pay"]).await;
    assert_eq!(code, Some(0), "{said}");
    until("orders after a restart", async || {
        let order = json!({ "userId": 1, "products": [{ "sku": "tea", "quantity": 1, "unitPriceCents": 450 }] });
        post("/api/order", &order).send(edge).await.unwrap().status == 201
    })
    .await;

    // Somebody without a certificate.
    let mut hello = Vec::new();
    Hello { app: "shop".into(), unit: "front".into(), ..Hello::default() }
        .encode(&mut hello)
        .unwrap();
    let mut stranger = TcpStream::connect(format!("{}:7102", place.address)).await.unwrap();
    stranger.write_all(&hello).await.unwrap();
    let _ = soon("the end", stranger.read_to_end(&mut Vec::new())).await;
    until("a warning", async || {
        up.log()
            .lines()
            .any(|line| line.contains("WARN") && line.contains("certificate is asked for"))
    })
    .await;
    assert!(up.stop().await.unwrap().success());
}

#[tokio::test]
async fn what_is_open_to_other_machines_is_protected_or_said_to_be_insecure() {
    let run = async |settings: &[(&str, &str)]| {
        let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        let premises = Premises::new(settings.collect()).unwrap();
        let output = premises.command(&["check"]).await.unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let open = ("SEAM__UNITS__PAY__LISTEN", "0.0.0.0:7102");
    let (code, said) = run(&[open]).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("`shop certs`") && said.contains("`insecure = true` in [app]"), "{said}");
    assert_eq!(run(&[open, ("SEAM__APP__INSECURE", "true")]).await.0, Some(0));
}

// === Whose calls are taken ===

/// A hello of that unit, and a call of `payment.charge` by that caller, through these services.
fn charge(unit: &str, chain: &[&str], caller: Who<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let hello = Hello { app: "shop".into(), unit: unit.into(), ..Hello::default() };
    hello.encode(&mut bytes).unwrap();
    let origin = OriginBuf::new(chain.iter().copied(), caller, None).unwrap();
    let head = CallHead {
        id: CallId(1),
        service: 0,
        method: 0,
        micros: 5_000_000,
        trace: Trace::default(),
        no_retry: false,
        form: seam_core::remote::Form::Encoded,
        origin: origin.origin(),
        extensions: Extensions::NONE,
    };
    // Order 7, over 5 euros.
    let arguments = [7_u64.to_le_bytes(), 500_u64.to_le_bytes()].concat();
    let body = |out: &mut Vec<u8>| {
        out.extend_from_slice(&arguments);
        Ok::<(), Infallible>(())
    };
    head.encode(&mut bytes, 1 << 20, body).unwrap();
    bytes
}

/// What comes of a call that is sent as it is: the code of its failure and why, or nothing if it ran.
async fn outcome(address: &str, bytes: &[u8]) -> Option<(u8, String)> {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut buffer = FrameBuffer::new(limits::MAX_FRAME as u32);
    loop {
        while let Some(frame) = buffer.next_frame().unwrap() {
            match frame {
                Frame::Failure(_, failed) => return Some((failed.code, failed.texts.collect())),
                Frame::Reply(..) => return None,
                _ => {}
            }
        }
        let mut bytes = [0; 4096];
        let read = soon("an answer", stream.read(&mut bytes)).await.unwrap();
        assert!(read > 0, "closed before an answer came");
        buffer.feed(&bytes[..read]);
    }
}

/// The code of what is denied.
const DENIED: u8 = 6;

#[tokio::test]
async fn who_only_says_who_it_is_calls_for_no_more_than_that_has() {
    let place = Place::new(false);
    let mut pay = place.premises.start(&["run", "--unit", "pay"]).unwrap();
    let address = format!("{}:7102", place.address);
    until("it listens", async || TcpStream::connect(&address).await.is_ok()).await;
    let chain: &[&str] = &["order"];
    for (unit, chain, caller, why) in [
        ("quote", chain, Who::Last, "unit `quote` doesn't host `order`"),
        ("stranger", chain, Who::Last, "unit `stranger` doesn't host `order`"),
        ("quote", &[], Who::Named("order"), "unit `quote` doesn't host `order`"),
        ("front", &["user"], Who::Last, "`user` doesn't declare that it calls `payment`"),
        ("front", &[], Who::Program, "`program = true` in [units.front]"),
        ("pay", &[], Who::Program, "`program = true` in [units.pay]"),
        ("quote", &[], Who::Edge, "unit `quote` has no `http`"),
        ("front", &[], Who::Edge, "`charge` is neither public nor has it a route"),
    ] {
        let failed = outcome(&address, &charge(unit, chain, caller)).await;
        let (code, said) = failed.unwrap_or_default();
        assert_eq!(code, DENIED, "{unit} {caller:?}: {said}");
        assert!(said.contains(why), "{unit} {caller:?}: {said}");
    }
    // The one that config knows: without `[tls]`, nothing proves who it is.
    assert_eq!(outcome(&address, &charge("front", chain, Who::Last)).await, None);
    assert!(pay.log().contains("calls are denied"));
    assert!(pay.stop().await.unwrap().success());
}

/// The shop in a mode, with a rule about who may call a method of payment.
async fn ruled(mode: Mode, rules: &[(&str, &str)]) -> Shop {
    let rule = |(method, callers): &(&str, &str)| {
        (format!("SEAM__SERVICES__PAYMENT__ALLOW__{method}"), (*callers).to_owned())
    };
    Shop::open_with(mode, rules.iter().map(rule).collect()).await.unwrap()
}

#[tokio::test]
async fn rules_about_callers_hold_however_a_call_travels() {
    for mode in [Mode::Direct, Mode::Encoded, Mode::Split] {
        let shop = ruled(mode, &[("CHARGE", "user"), ("LIST", "program")]).await;
        let list = shop.send(&get("/api/payment?orderId=1")).await.unwrap();
        let problem = list.json();
        assert_eq!((list.status, &problem["code"]), (403, &json!("denied")), "{mode:?}: {problem}");
        assert_eq!(problem["outcome"], "not_executed", "{mode:?}");
        let public = post("/rpc/payment/list", &json!({ "orderId": 1 }));
        assert_eq!(shop.send(&public).await.unwrap().status, 403, "{mode:?}");

        let call = async |method: &str, arguments: &str| {
            let asked = ["call", method, arguments, "--json"];
            let output = shop.premises().command(&asked).await.unwrap();
            (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let (code, said) = call("payment.list", r#"{"orderId": 1}"#).await;
        assert_eq!(code, Some(0), "{mode:?}: {said}");
        let (code, said) = call("payment.charge", r#"{"order": 1, "amount": 1}"#).await;
        assert_eq!(code, Some(1), "{mode:?}");
        assert!(said.contains("\"denied\""), "{mode:?}: {said}");

        // `user` declares no need of payment: a rule lets nobody in, and leaves the others out.
        let user = post("/api/user", &json!({ "name": "Ada", "email": "ada@example.com" }));
        assert_eq!(shop.send(&user).await.unwrap().status, 201);
        let order = json!({ "userId": 1, "products": [{ "sku": "tea", "quantity": 1, "unitPriceCents": 450 }] });
        let answer = shop.send(&post("/api/order", &order)).await.unwrap();
        assert_ne!(answer.status, 201, "{mode:?}: {}", answer.text());
        let (_, said) = call("payment.list", r#"{"orderId": 1}"#).await;
        assert!(said.contains("[]"), "{mode:?}: it was charged: {said}");
        shop.close().await.unwrap();
    }
}

#[tokio::test]
async fn who_may_call_is_drawn_and_mistakes_in_it_are_named() {
    let allow_of = |service: &str, (method, callers): (&str, &str)| {
        vec![(format!("SEAM__SERVICES__{service}__ALLOW__{method}"), callers.to_owned())]
    };
    let allow = |rule: (&str, &str)| allow_of("PAYMENT", rule);
    let graph = async |settings| {
        let premises = Premises::new(settings).unwrap();
        let output = premises.command(&["graph", "--json"]).await.unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["allowed"]["payment"].clone()
    };
    let all = json!({
        "charge": ["order", "program"],
        "receipt": ["order", "program"],
        "refund": ["order", "program"],
        "list": ["order", "edge", "program"],
    });
    assert_eq!(graph(Vec::new()).await, all);
    let mut narrowed = all.clone();
    narrowed["charge"] = json!(["order"]);
    assert_eq!(graph(allow(("CHARGE", "order"))).await, narrowed);
    narrowed["charge"] = json!([]);
    assert_eq!(graph(allow(("CHARGE", "user"))).await, narrowed, "who may not, may not");

    for (service, rule, said) in [
        ("PAYMENT", ("CHARG", "order"), "did you mean `charge`?"),
        ("PAYMENT", ("CHARGE", "oder"), "did you mean `order`?"),
        ("PAYMENT", ("CHARGE", "the world"), "`program`"),
        ("MAIL", ("ORDER_PAID", "order"), "is handed its events as `program`"),
        ("ORDER", ("FULFIL", "edge"), "runs as `program`"),
    ] {
        let premises = Premises::new(allow_of(service, rule)).unwrap();
        let output = premises.command(&["check"]).await.unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{rule:?}");
        assert!(text.contains(said), "{rule:?}: {text}");
    }
}
