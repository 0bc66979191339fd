//! The shop, seen and steered through its admin listener: under `up`, and started unit by unit.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, helper functions included")]

mod access;

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use seam_tests::http::{Request, Response, get, post};
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::time::sleep;

/// How long anything may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A listener, and who asks it.
struct Admin {
    address: SocketAddr,
    token: String,
}

impl Admin {
    /// The one that all units which run have in `status`.
    async fn of(premises: &Premises) -> Self {
        let status = premises.status().await.unwrap();
        let address = status[0]["admin"].as_str().unwrap();
        assert!(status.iter().all(|unit| unit["admin"] == address), "{status:?}");
        Self { address: address.parse().unwrap(), token: token(premises) }
    }

    async fn send(&self, request: Request) -> Response {
        let token = format!("Bearer {}", self.token);
        request.header("Authorization", &token).send(self.address).await.unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        let response = self.send(get(path)).await;
        assert_eq!(response.status, 200, "{path}: {response:?}");
        serde_json::from_slice(&response.body).unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        let response = self.send(post(path, &body)).await;
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }
}

fn token(premises: &Premises) -> String {
    let path = premises.folder().join("data/control/admin.token");
    std::fs::read_to_string(path).unwrap().trim().to_owned()
}

/// What a command prints; it ends well.
async fn printed(premises: &Premises, arguments: &[&str]) -> String {
    let output = premises.command(arguments).await.unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[tokio::test]
async fn up_has_a_listener_for_all_of_its_units() -> io::Result<()> {
    let premises = Premises::new(Vec::new())?;
    let mut up = premises.start(&["up", "split"])?;
    premises.edge(3, true).await?;
    let admin = Admin::of(&premises).await;

    let status = admin.get("/api/status").await;
    let names: Vec<_> = status["status"].as_array().unwrap().iter().map(|u| &u["unit"]).collect();
    assert_eq!(names, ["front", "pay", "quote"]);
    let topology = admin.get("/api/topology").await;
    assert_eq!(topology["nodes"].as_array().unwrap().len(), 3);
    let edges = topology["edges"].as_array().unwrap();
    for (from, to, way) in
        [("order", "user", "local"), ("order", "payment", "wire"), ("order", "mail", "event")]
    {
        let is = |edge: &&Value| edge["from"] == from && edge["to"] == to && edge["way"] == way;
        let edge = edges.iter().find(is).unwrap_or_else(|| panic!("{from} {to}: {edges:?}"));
        for number in ["callsPerS", "failuresPerS", "p50Us", "p99Us"] {
            assert!(edge[number].is_number(), "{edge}");
        }
        let breaker = edge.get("breaker");
        assert_eq!(breaker, (way != "event").then_some(&json!("closed")), "{edge}");
    }
    let contracts = admin.get("/api/contracts").await;
    let contracts = contracts["contracts"].as_array().unwrap();
    let payment = contracts.iter().find(|own| own["service"] == "payment").unwrap();
    let charge = payment["methods"].as_array().unwrap().iter().find(|own| own["name"] == "charge");
    assert!(charge.unwrap()["schema"]["arguments"]["properties"]["amount"].is_object());
    let config = admin.get("/api/config").await;
    assert_eq!(config["configVersion"], status["status"][0]["configVersion"]);
    assert_eq!(config["config"]["app.name"]["value"], "shop");
    assert!(!admin.get("/api/topics").await["topics"].as_array().unwrap().is_empty());
    for list in ["dead", "tickets", "schedules"] {
        assert!(admin.get(&format!("/api/{list}")).await[list].is_array(), "{list}");
    }

    let call = json!({ "call": "user.create", "arguments": { "name": "Ada", "email": "a@b.c" } });
    let (status, made) = admin.post("/api/call", call).await;
    assert_eq!((status, &made["outcome"]), (200, &json!("answered")), "{made}");
    assert_eq!(made["answer"]["name"], "Ada");
    assert_eq!(made["traceId"].as_str().unwrap().len(), 32);
    assert!(made["tookUs"].as_u64().unwrap() > 0);
    let call = json!({ "call": "user.get", "arguments": { "id": 4711 } });
    let (_, made) = admin.post("/api/call", call).await;
    assert_eq!((&made["outcome"], made.get("answer")), (&json!("service_error"), None), "{made}");
    let trace = made["problem"]["requestId"].as_str().unwrap();
    assert_eq!(made["traceId"], trace, "it is the call's own");
    let (status, wrong) = admin.post("/api/call", json!({ "call": "usr.get" })).await;
    assert_eq!((status, &wrong["code"]), (400, &json!("bad_request")), "{wrong}");
    assert!(wrong["detail"].as_str().unwrap().contains("did you mean `user`"), "{wrong}");
    printed(&premises, &["call", "user.get", "{\"id\": 1}"]).await;
    seen(&premises, &admin, trace).await;

    let (status, restarted) = admin.post("/api/restart", json!({ "unit": "pay" })).await;
    assert_eq!((status, &restarted["ok"]), (200, &json!(true)), "{restarted}");
    let (status, drained) = admin.post("/api/drain", json!({ "unit": "quote.0" })).await;
    assert_eq!((status, &drained["ok"]), (200, &json!(true)), "{drained}");
    let (status, refused) = admin.post("/api/drain", json!({ "unit": "quoet" })).await;
    assert_eq!((status, &refused["code"]), (400, &json!("bad_request")), "{refused}");
    printed(&premises, &["restart", "quote"]).await;
    let (status, reloaded) = admin.post("/api/reload", json!({})).await;
    assert_eq!((status, &reloaded["ok"]), (200, &json!(true)), "{reloaded}");

    let audit: Vec<Value> =
        serde_json::from_str(&printed(&premises, &["audit", "--json"]).await).unwrap();
    assert_eq!(admin.get("/api/audit").await["audit"], json!(audit));
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or_default().to_owned();
    let told = |entry: &Value| ["action", "target", "result"].map(|key| text(entry, key));
    let all: Vec<_> = audit.iter().map(told).collect();
    let expected = [
        ["call", "user.create", "answered"],
        ["call", "user.get", "user_not_found (service)"],
        ["call", "usr.get", "bad_request: there is no service `usr`"],
        ["call", "user.get", "answered"],
        ["restart", "pay", "done"],
        ["drain", "quote.0", "done"],
        ["drain", "quoet", "bad_request: there is no unit `quoet`"],
        ["restart", "quote", "done"],
        ["reload", "config", "done"],
    ];
    let begins = |(all, expected): (&[String; 3], [&str; 3])| {
        all.iter().zip(expected).all(|(all, expected)| all.starts_with(expected))
    };
    assert_eq!(all.len(), expected.len(), "{all:?}");
    assert!(all.iter().zip(expected).all(begins), "{all:?}");
    assert_eq!(
        (text(&audit[0], "who"), text(&audit[0], "role")),
        ("admin".into(), "operator".into())
    );
    assert_ne!(text(&audit[3], "who"), "admin", "it was somebody at the command line");
    assert_eq!((&audit[0]["new"]["name"], &audit[0]["old"]), (&json!("Ada"), &Value::Null));
    assert_eq!(audit[3]["new"], json!({ "id": 1 }), "that of the command");
    let version = admin.get("/api/config").await["version"].clone();
    assert!(version.is_u64());
    assert_eq!((&audit[8]["old"], &audit[8]["new"]), (&version, &version), "nothing has changed");
    breaker(&admin).await;
    assert!(up.stop().await?.success());
    Ok(())
}

/// An edge says that its breaker is open, by hand.
async fn breaker(admin: &Admin) {
    let state = async |to: &str| {
        let topology = admin.get("/api/topology").await;
        let mut edges = topology["edges"].as_array().unwrap().iter();
        edges.find(|own| own["from"] == "order" && own["to"] == to).unwrap()["breaker"].clone()
    };
    for (service, from) in [("payment", Some("order")), ("user", None)] {
        for (action, expected) in [("open", "open"), ("close", "closed")] {
            let body = json!({ "action": action, "service": service, "from": from });
            let (status, done) = admin.post("/api/breaker", body).await;
            assert_eq!(status, 200, "{done}");
            assert_eq!(state(service).await, expected);
        }
    }
    assert_eq!(state("quote").await, "closed");
}

/// What became of a call of `user.get`, by HTTP and by commands.
async fn seen(premises: &Premises, admin: &Admin, id: &str) {
    let json = async |arguments: &[&str]| -> Value {
        serde_json::from_str(&printed(premises, arguments).await).unwrap()
    };
    let trace = admin.get(&format!("/api/traces/{id}")).await;
    assert_eq!(trace["complete"], true, "{trace}");
    let spans = trace["spans"].as_array().unwrap();
    let is = |span: &&Value| span["service"] == "user" && span["method"] == "get";
    let span = spans.iter().find(is).unwrap();
    assert_eq!((&span["unit"], &span["outcome"]), (&json!("front"), &json!("service_error")));
    assert_eq!(json(&["trace", id, "--json"]).await, trace);
    assert!(printed(premises, &["trace", id]).await.contains("service error (user_not_found)"));
    let has = |all: &Value| all.as_array().unwrap().iter().any(|own| own["traceId"] == id);
    let path = "/api/traces?service=user&unit=front&outcome=service_error";
    assert!(has(&admin.get(path).await["traces"]));
    assert!(!has(&admin.get("/api/traces?unit=pay").await["traces"]));
    let arguments = ["traces", "--service", "user", "--outcome", "service_error", "--json"];
    assert!(has(&json(&arguments).await));
    let none = format!("/api/traces/{:032x}", 1);
    assert_eq!(admin.send(get(&none)).await.status, 404);

    let metrics = get("/metrics").send(admin.address).await.unwrap();
    let metrics = String::from_utf8(metrics.body).unwrap();
    let calls = "seam_calls_total{unit=\"front\",service=\"user\",method=\"get\",caller=\"operator\"\
                 ,side=\"served\",outcome=\"service_error\",code=\"user_not_found\"} 1";
    assert!(metrics.lines().any(|line| line == calls), "{metrics}");
    for unit in ["front", "pay", "quote"] {
        let dropped = format!("seam_dropped_total{{unit=\"{unit}\",what=\"otlp_spans\"}} 0");
        assert!(metrics.lines().any(|line| line == dropped), "{metrics}");
    }
    let logs = admin.get("/api/logs?unit=pay&limit=1").await;
    assert_eq!(logs["logs"][0]["unit"], "pay", "{logs}");
    assert_eq!(admin.send(get("/api/logs?level=loud")).await.status, 400);
    assert!(json(&["slow", "--json"]).await.is_array());
    assert!(admin.get("/api/slow").await["slow"].is_array());
    let top = json(&["top", "--once", "--json", "--filter", "user.get"]).await;
    assert_eq!(top[0]["method"], "get", "{top}");
}

#[tokio::test]
async fn dashboard_prints_a_link_that_logs_in_once() -> io::Result<()> {
    let premises = Premises::new(Vec::new())?;
    let nobody = premises.command(&["dashboard"]).await?;
    assert_eq!(nobody.status.code(), Some(1));
    let _up = premises.start(&["up", "monolith"])?;
    premises.edge(1, true).await?;
    let admin = Admin::of(&premises).await;
    for (arguments, role) in
        [(&["dashboard"][..], "operator"), (&["dashboard", "--viewer"], "viewer")]
    {
        let link = printed(&premises, arguments).await;
        let path = link.strip_prefix(&format!("http://{}", admin.address)).unwrap();
        let response = get(path).send(admin.address).await?;
        assert_eq!(response.status, 200, "{response:?}");
        let cookie = response.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
        let me = get("/api/me").header("Cookie", &cookie).send(admin.address).await?;
        let me: Value = serde_json::from_slice(&me.body)?;
        assert_eq!(me["role"], role);
        assert_eq!(get(path).send(admin.address).await?.status, 401, "it was used");
    }
    Ok(())
}

#[tokio::test]
async fn units_that_were_started_singly_have_one_each_and_admin_has_all() -> io::Result<()> {
    let premises = Premises::new(Vec::new())?;
    let run = |unit| premises.start(&["run", "--topology", "split", "--unit", unit]);
    let _units = [run("front")?, run("pay")?, run("quote")?];
    premises.edge(3, true).await?;
    let status = premises.status().await?;
    let mut addresses: Vec<_> = status.iter().map(|unit| unit["admin"].as_str().unwrap()).collect();
    let own = Admin { address: addresses[1].parse().unwrap(), token: token(&premises) };
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 3, "{status:?}");
    let seen = own.get("/api/status").await;
    assert_eq!(seen["status"].as_array().unwrap().len(), 1);
    assert_eq!(seen["status"][0]["unit"], "pay");

    let mut all = premises.start(&["admin"])?;
    let began = Instant::now();
    // The listener that knows most is the one that a link leads to.
    let address = loop {
        let link = printed(&premises, &["dashboard"]).await;
        let address = link.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        if !addresses.contains(&address.as_str()) {
            break address;
        }
        assert!(began.elapsed() < PATIENCE);
        sleep(Duration::from_millis(50)).await;
    };
    let admin = Admin { address: address.parse().unwrap(), token: token(&premises) };
    assert_eq!(admin.get("/api/status").await["status"].as_array().unwrap().len(), 3);
    let call = json!({ "call": "user.get", "arguments": { "id": 4711 } });
    let (_, made) = admin.post("/api/call", call).await;
    assert_eq!(made["outcome"], "service_error", "{made}");
    assert!(all.stop().await?.success());
    Ok(())
}

#[tokio::test]
async fn a_port_that_was_asked_for_is_had_or_nothing_starts() -> io::Result<()> {
    let taken = std::net::TcpListener::bind("127.0.0.1:0")?;
    let listen = ("SEAM__ADMIN__LISTEN".to_owned(), taken.local_addr()?.to_string());
    let premises = Premises::new(vec![listen])?;
    for command in [&["run"][..], &["up", "split"], &["admin"]] {
        let output = premises.command(command).await?;
        let error = String::from_utf8_lossy(&output.stderr);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{command:?} {error} {text}");
        assert!(error.contains("can't serve the admin listener"), "{error}");
    }
    for (listen, code) in [("0.0.0.0:7070", 2), ("", 0)] {
        let premises = Premises::new(vec![("SEAM__ADMIN__LISTEN".into(), listen.into())])?;
        assert_eq!(premises.command(&["check"]).await?.status.code(), Some(code), "{listen}");
    }
    let premises = Premises::new(vec![("SEAM__ADMIN__LISTEN".into(), String::new())])?;
    let _up = premises.start(&["up", "monolith"])?;
    premises.edge(1, true).await?;
    assert!(premises.status().await?.iter().all(|unit| unit.get("admin").is_none()));
    Ok(())
}
