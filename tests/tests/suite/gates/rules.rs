//! The shop's rules, for a user who has signed in and for support, at two gateways.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;

use seam_tests::http::{Request, delete, get, post};
use seam_tests::process::example;
use seam_tests::shop::Premises;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::leaving::both;
use crate::support::soon;

/// The shop at two gateways, where sessions and one key of support's say who clients are; and the key.
async fn shop() -> (Premises, String) {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../app.toml");
    let text = fs::read_to_string(own).unwrap();
    let premises = Premises::with(example("shop").unwrap(), &text, Vec::new()).unwrap();
    let made = premises.command(&["key", "new", "robot", "--json"]).await.unwrap();
    let made: Value = serde_json::from_slice(&made.stdout).unwrap();
    let text_of = |name: &str| made[name].as_str().unwrap().to_owned();
    let (key, hash) = (text_of("key"), text_of("hash"));
    let edge = format!(
        "\n[edge.session]\nkey = \"{}\"\n\n[edge.keys.robot]\nhash = \"{hash}\"\n\
         roles = [\"support\"]\n",
        "5a".repeat(32)
    );
    fs::write(premises.config(), text + &edge).unwrap();
    (premises, key)
}

/// Signs somebody up, and in: the cookie.
async fn sign_in(gate: SocketAddr, name: &str) -> String {
    let (email, password) = (format!("{name}@example.com"), format!("correct horse {name}"));
    let user = json!({ "name": name, "email": email, "password": password });
    let created = post("/api/user", &user).send(gate).await.unwrap();
    assert_eq!(created.status, 201, "{}", created.text());
    assert!(!created.text().contains("correct"), "{}", created.text());
    let body = json!({ "email": email.to_uppercase(), "password": password });
    let signed_in = post("/api/session", &body).send(gate).await.unwrap();
    assert_eq!(signed_in.status, 201, "{}", signed_in.text());
    let cookie = signed_in.header("set-cookie").unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

fn tea(user: u64) -> Request {
    let products = json!([{ "sku": "tea", "quantity": 1, "unitPriceCents": 5 }]);
    post("/api/order", &json!({ "userId": user, "products": products }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_sees_what_is_the_user_s_own_and_support_everything() {
    let (premises, key) = shop().await;
    let mut up = premises.start(&["up", "gates"]).unwrap();
    premises.edge(3, true).await.unwrap();
    let [a, b] = both(&premises, 0).await.map(|(_, place)| place);
    let (ada, eve) = (sign_in(a, "ada").await, sign_in(b, "eve").await);
    let asked = async |gate, request: Request, who: &str| {
        let request = match who {
            "" => request,
            "support" => request.header("X-Api-Key", &key),
            cookie => request.header("Cookie", cookie),
        };
        let answer = request.send(gate).await.unwrap();
        (answer.status, answer.json()["code"].as_str().unwrap_or_default().to_owned())
    };
    let ok = (200, String::new());
    let (denied, nobody) = ((403, "denied".to_owned()), (401, "unauthenticated".to_owned()));
    let hidden = (404, "order_not_found".to_owned());

    let heard = listen(b, &ada).await;
    assert_eq!(asked(a, tea(1), &ada).await.0, 201);
    let told = soon("what became of the order", heard).await;
    assert!(told.contains("event: order.paid") && told.contains("\"orderId\":1"), "{told}");

    for gate in [a, b] {
        for path in
            ["/api/user/1", "/api/user/1/orders", "/api/order?userId=1", "/api/history?userId=1"]
        {
            for (who, expected) in [(&*ada, &ok), (&*eve, &denied), ("support", &ok), ("", &nobody)]
            {
                assert_eq!(&asked(gate, get(path), who).await, expected, "{path} {who}");
            }
        }
        for path in ["/api/payment?orderId=1", "/api/shipping?orderId=1"] {
            for (who, expected) in [(&*ada, &denied), ("support", &ok), ("", &nobody)] {
                assert_eq!(&asked(gate, get(path), who).await, expected, "{path} {who}");
            }
        }
        let order = get("/api/order/1");
        for (who, expected) in [(&*ada, &ok), (&*eve, &hidden), ("support", &ok), ("", &nobody)] {
            assert_eq!(&asked(gate, order.clone(), who).await, expected, "{who}");
        }
        assert_eq!(asked(gate, tea(1), &eve).await, denied);
    }

    // A call that is made later is made for its sender, and told to nobody else.
    let later = tea(1).header("Prefer", "respond-async").header("Cookie", &ada);
    let ticket = later.send(a).await.unwrap().header("location").unwrap().to_owned();
    let waits = get(&ticket).header("Prefer", "wait=20").header("Cookie", &ada);
    let done = waits.send(b).await.unwrap().json();
    assert_eq!(done["result"]["order"]["status"], "paid", "{done}");
    for who in ["", &eve, "support"] {
        let found = asked(b, get(&ticket), who).await;
        assert_eq!(found, (404, "ticket_not_found".into()), "{who}");
    }

    for (email, password) in
        [("ada@example.com", "no"), ("nobody@example.com", "correct horse ada")]
    {
        let body = json!({ "email": email, "password": password });
        let refused = asked(a, post("/api/session", &body), "").await;
        assert_eq!(refused, (401, "wrong_password".into()));
    }
    let short = json!({ "name": "Bob", "email": "bob@example.com", "password": "1234567" });
    let refused = asked(a, post("/api/user", &short), "").await;
    assert_eq!(refused, (400, "invalid_password".into()));

    let left = delete("/api/session").header("Cookie", &ada).send(b).await.unwrap();
    assert_eq!(left.status, 204, "{}", left.text());
    crate::support::until("it is over everywhere", async || {
        asked(a, get("/api/user/1"), &ada).await.0 == 401
    })
    .await;
    assert!(up.stop().await.unwrap().success());
}

/// Listens, and gives what is heard first.
async fn listen(gate: SocketAddr, cookie: &str) -> impl Future<Output = String> + use<> {
    let mut stream = TcpStream::connect(gate).await.unwrap();
    let head = format!("GET /push HTTP/1.1\r\nHost: t\r\nCookie: {cookie}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut lines = BufReader::new(stream).lines();
    let mut next = async move || soon("a line", lines.next_line()).await.unwrap().unwrap();
    let status = next().await;
    assert!(status.contains("200"), "{status}");
    while !next().await.starts_with("id: ") {}
    async move {
        let mut heard = String::new();
        while !heard.contains("data: ") {
            heard += &next().await;
            heard.push('\n');
        }
        heard
    }
}
