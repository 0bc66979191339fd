//! Who may do what at the listener of an app that runs: every route, by everybody, in every way.

use std::io;

use seam_tests::http::{Request, Response, get, post};
use seam_tests::shop::Premises;
use serde_json::{Value, json};

use super::{Admin, printed};

const VIEWER: &str = "a-token-of-a-viewer";

/// What there is to see.
const SEEN: [&str; 22] = [
    "/api/me",
    "/api/status",
    "/api/topology",
    "/api/traces?service=order&minMs=1",
    "/api/traces/00000000000000000000000000000001",
    "/api/logs?limit=1",
    "/api/unknown",
    "/api/slow",
    "/api/contracts",
    "/api/config",
    "/api/config/history",
    "/api/audit",
    "/api/topics",
    "/api/dead",
    "/api/tickets",
    "/api/schedules",
    "/config/payment/default",
    "/api/live",
    "/api/tap?service=order",
    "/api/logs/live",
    "/",
    "/app.js",
];
/// What there is to do, with what is understood and changes little.
const DONE: [(&str, &str); 13] = [
    ("/api/call", r#"{"call":"user.get","arguments":{"id":1}}"#),
    ("/api/set", r#"{"key":"log.level","value":"info","for":"1m"}"#),
    ("/api/unset", r#"{"key":"log.level"}"#),
    ("/api/breaker", r#"{"action":"close","service":"payment"}"#),
    ("/api/reload", "{}"),
    ("/api/config/rollback", r#"{"version":99}"#),
    ("/api/unknown/7/resolve", r#"{"note":"looked at"}"#),
    ("/api/dead/retry", r#"{"id":"7"}"#),
    ("/api/dead/drop", r#"{"id":"7"}"#),
    ("/api/drain", r#"{"unit":"nobody"}"#),
    ("/api/restart", r#"{"unit":"nobody"}"#),
    ("/api/move", r#"{"service":"nobody","unit":"all"}"#),
    ("/api/replay", r#"{"target":"nobody.paid","from":"1m"}"#),
];

/// A shop in one process, and its listener.
struct House {
    admin: Admin,
    /// Before its folder.
    _run: seam_tests::process::Process,
    premises: Premises,
}

impl House {
    async fn open() -> Self {
        let token = |key: &str, value: &str| {
            (format!("SEAM__ADMIN__TOKENS__EYES__{key}"), value.to_owned())
        };
        let tokens = vec![token("ROLE", "viewer"), token("TOKEN", VIEWER)];
        let premises = Premises::new(tokens).unwrap();
        let run = premises.start(&["run"]).unwrap();
        premises.edge(1, true).await.unwrap();
        Self { admin: Admin::of(&premises).await, _run: run, premises }
    }

    /// The head of the answer: some of them never end.
    async fn head(&self, request: Request, headers: &[(&str, &str)]) -> Response {
        let request = headers.iter().fold(request, |own, (name, value)| own.header(name, value));
        request.head_of(self.admin.address).await.unwrap()
    }

    async fn cookie(&self, role: &[&str]) -> String {
        let link = printed(&self.premises, &[&["dashboard"], role].concat()).await;
        let path = link.strip_prefix(&format!("http://{}", self.admin.address)).unwrap();
        let entered = get(path).send(self.admin.address).await.unwrap();
        entered.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    async fn audited(&self) -> usize {
        self.admin.get("/api/audit").await["audit"].as_array().unwrap().len()
    }
}

fn doing((path, body): (&str, &str)) -> Request {
    post(path, &serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn every_route_is_for_whom_it_is_meant() -> io::Result<()> {
    let house = House::open().await;
    let (viewer, operator) = (format!("Bearer {VIEWER}"), format!("Bearer {}", house.admin.token));
    let empty = json!({});
    for path in ["/healthz", "/metrics"] {
        assert_eq!(house.head(get(path), &[]).await.status, 200, "{path}");
        assert_eq!(house.head(post(path, &empty), &[]).await.status, 401, "{path}");
    }
    for wrong in [&[][..], &[("Authorization", "Bearer wrong")], &[("Authorization", VIEWER)]] {
        for path in SEEN {
            assert_eq!(house.head(get(path), wrong).await.status, 401, "GET {path}");
            assert_eq!(house.head(post(path, &empty), wrong).await.status, 401, "POST {path}");
        }
        for (path, body) in DONE {
            assert_eq!(house.head(get(path), wrong).await.status, 401, "GET {path}");
            assert_eq!(house.head(doing((path, body)), wrong).await.status, 401, "POST {path}");
        }
    }
    assert_eq!(house.audited().await, 0);
    for token in [&viewer, &operator] {
        let by = &[("Authorization", token.as_str())][..];
        for path in SEEN {
            let status = house.head(get(path), by).await.status;
            // There is no such trace.
            let expected = if path.starts_with("/api/traces/") { 404 } else { 200 };
            assert_eq!(status, expected, "GET {path}");
            assert_eq!(house.head(post(path, &empty), by).await.status, 405, "POST {path}");
        }
        for (path, _) in DONE {
            assert_eq!(house.head(get(path), by).await.status, 405, "GET {path}");
        }
    }
    for (path, body) in DONE {
        let status = house.head(doing((path, body)), &[("Authorization", &viewer)]).await.status;
        assert_eq!(status, 403, "POST {path}");
    }
    let cookie = house.cookie(&["--viewer"]).await;
    let origin = format!("http://{}", house.admin.address);
    let by = [("Cookie", cookie.as_str()), ("Origin", origin.as_str())];
    for (path, body) in DONE {
        assert_eq!(house.head(doing((path, body)), &by).await.status, 403, "POST {path}");
    }
    for (path, body) in DONE {
        let status = house.head(doing((path, body)), &[("Authorization", &operator)]).await.status;
        let allowed = [200, 400, 404, 409].contains(&status);
        assert!(allowed, "POST {path}: {status}");
    }
    assert_eq!(house.audited().await, DONE.len());
    Ok(())
}

#[tokio::test]
async fn whoever_was_lured_does_nothing_and_sees_nothing() -> io::Result<()> {
    let house = House::open().await;
    let address = house.admin.address;
    let (cookie, token) = (house.cookie(&[]).await, format!("Bearer {}", house.admin.token));
    // By a name of another site that leads here.
    for host in ["evil.example.com", "localhost.evil.com", "192.168.1.1", "0.0.0.0"] {
        let host = format!("{host}:{}", address.port());
        let by = [("Host", host.as_str()), ("Authorization", &token), ("Cookie", &cookie)];
        let open = ["/healthz", "/metrics"];
        for path in SEEN.into_iter().chain(open) {
            assert_eq!(house.head(get(path), &by).await.status, 403, "{host} GET {path}");
        }
        for (path, body) in DONE {
            let status = house.head(doing((path, body)), &by).await.status;
            assert_eq!(status, 403, "{host} POST {path}");
        }
    }
    // With the cookie of whoever looks at a page of another site.
    let port = address.port();
    let others = ["https://evil.example.com", "null", "http://127.0.0.1:1", ""];
    let other_name = format!("http://localhost:{port}");
    for origin in others.into_iter().chain([other_name.as_str()]).map(Some).chain([None]) {
        let mut by = vec![("Cookie", cookie.as_str())];
        by.extend(origin.map(|origin| ("Origin", origin)));
        for (path, body) in DONE {
            let status = house.head(doing((path, body)), &by).await.status;
            assert_eq!(status, 403, "{origin:?} POST {path}");
        }
    }
    assert_eq!(house.audited().await, 0);
    let own = format!("http://{address}");
    let by = [("Cookie", cookie.as_str()), ("Origin", own.as_str())];
    assert_eq!(house.head(doing(("/api/reload", "{}")), &by).await.status, 200);
    Ok(())
}

#[tokio::test]
async fn pages_load_what_the_listener_serves_and_nothing_else() -> io::Result<()> {
    let house = House::open().await;
    let token = format!("Bearer {}", house.admin.token);
    let by = [("Authorization", token.as_str())];
    let ways = [("/", 200), ("/app.js", 200), ("/api/status", 200), ("/api/nothing", 404)];
    for (path, status) in ways {
        let answer = house.head(get(path), &by).await;
        assert_eq!(answer.status, status, "{path}");
        let policy = answer.header("content-security-policy").unwrap();
        let rules: Vec<_> = policy.split(';').map(str::trim).collect();
        assert!(rules.contains(&"default-src 'none'"), "{policy}");
        assert!(rules.contains(&"frame-ancestors 'none'"), "{policy}");
        let own =
            |rule: &&str| rule.split(' ').skip(1).all(|from| ["'none'", "'self'"].contains(&from));
        assert!(rules.iter().all(own), "{path}: {policy}");
    }
    let page = get("/").header("Authorization", &token).send(house.admin.address).await?;
    let page = String::from_utf8(page.body).unwrap();
    assert!(
        page.contains("<script") && !page.contains("style=") && !page.contains("://"),
        "{page}"
    );
    let scripts = page.split("<script").skip(1);
    for script in scripts {
        let (tag, rest) = script.split_once('>').unwrap();
        assert!(tag.contains("src=") && rest.starts_with("</script>"), "{script}");
    }
    let unknown: Value = house.admin.get("/api/unknown").await;
    assert_eq!(unknown, json!({ "unknown": [] }));
    Ok(())
}
