//! A listener over units that are none.

mod http;

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::BoxFuture;
use seam_admin::page::File;
use seam_admin::{
    Act, Admin, AdminSettings, Ask, Done, Feed, Feeder, Listen, LoginLink, NamedToken,
    OperatorToken, Refusal, Role, Steering, Units, Who, feed,
};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) use self::http::{Answer, Connection};

/// Units that say what they were asked, and do nothing.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) acts: Mutex<Vec<String>>,
    pub(crate) feeders: Mutex<Vec<Feeder>>,
}

impl Units for Fake {
    fn ask(&self, ask: Ask) -> BoxFuture<'_, Result<Value, Refusal>> {
        Box::pin(async move {
            match ask {
                Ask::Metrics { open_metrics } => {
                    Ok(json!(format!("# openmetrics {open_metrics}\n")))
                }
                Ask::Trace(id) => Err(Refusal::not_found(format!("no trace {id}")).with("id", id)),
                ask => Ok(json!(format!("{ask:?}"))),
            }
        })
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<Done, Refusal>> {
        Box::pin(async move {
            self.acts.lock().unwrap().push(act.deed().action.to_owned());
            match act {
                Act::Drain { unit } if unit == "slow" => {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    self.acts.lock().unwrap().push("drained".into());
                    Ok(Done::new(&json!({ "ok": true })))
                }
                Act::Drain { unit } if unit == "nobody" => {
                    Err(Refusal::not_found("there is no unit `nobody`"))
                }
                Act::Move(to) => {
                    Ok(Done::new(&json!({ "unit": to.unit })).instead_of(json!("pay")))
                }
                _ => Ok(Done::new(&json!({ "ok": true }))),
            }
        })
    }

    fn listen(&self, _: Listen) -> BoxFuture<'_, Result<Feed, Refusal>> {
        let (feeder, feed) = feed(160_000, &Arc::default());
        self.feeders.lock().unwrap().push(feeder);
        Box::pin(std::future::ready(Ok(feed)))
    }
}

pub(crate) const VIEWER: &str = "a-token-of-a-viewer";
pub(crate) const SCRIPT: &str = "a-token-of-a-script";

const FILES: &[File] = &[
    File { path: "/", kind: "text/html; charset=utf-8", bytes: b"<!doctype html><title>x</title>" },
    File { path: "/app.js", kind: "text/javascript", bytes: b"1" },
];

/// A listener that serves.
pub(crate) struct Stage {
    pub(crate) data: TempDir,
    pub(crate) units: Arc<Fake>,
    pub(crate) operator: OperatorToken,
    pub(crate) address: SocketAddr,
    _admin: Admin,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|settings| settings)
    }

    pub(crate) fn with(change: impl FnOnce(AdminSettings) -> AdminSettings) -> Self {
        Self::at("127.0.0.1:0", change)
    }

    pub(crate) fn at(address: &str, change: impl FnOnce(AdminSettings) -> AdminSettings) -> Self {
        let data = tempfile::tempdir().unwrap();
        let operator = OperatorToken::open(data.path()).unwrap();
        let units = Arc::new(Fake::default());
        let token = |name: &str, role, token: &str| NamedToken {
            name: name.into(),
            role,
            token: token.into(),
        };
        let settings = change(AdminSettings {
            hosts: vec!["ops.example.com".into()],
            tokens: vec![
                token("grafana", Role::Viewer, VIEWER),
                token("deploy", Role::Operator, SCRIPT),
            ],
            files: FILES,
            ..AdminSettings::default()
        });
        let listener = TcpListener::bind(address).unwrap();
        let steering = Steering::new(data.path());
        let admin =
            Admin::start(listener, settings, operator.clone(), units.clone(), steering).unwrap();
        Self { data, units, operator, address: admin.address(), _admin: admin }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::to(([127, 0, 0, 1], self.address.port()).into()).await
    }

    /// Sends a request with these headers, beside `Host`.
    pub(crate) async fn ask(&self, verb: &str, path: &str, headers: &[&str], body: &str) -> Answer {
        let mut headers: Vec<String> = headers.iter().map(|&header| header.to_owned()).collect();
        if headers.iter().all(|header| !header.starts_with("host:")) {
            headers.push(format!("host: {}", self.address));
        }
        if !body.is_empty() || verb == "POST" {
            headers.push(format!("content-length: {}", body.len()));
        }
        let head = headers.join("\r\n");
        let mut connection = self.connect().await;
        connection.send(format!("{verb} {path} HTTP/1.1\r\n{head}\r\n\r\n{body}")).await;
        connection.answer(verb == "HEAD").await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Answer {
        self.ask("GET", path, &[&bearer(token)], "").await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &str) -> Answer {
        let json = "content-type: application/json";
        self.ask("POST", path, &[&bearer(token), json], body).await
    }

    /// The path and query of a link that logs somebody in.
    pub(crate) fn link(&self, role: Role, ago: Duration) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() - ago;
        let who = Who::new("ada", role);
        let link = LoginLink::make(&self.operator, self.address, &who, now).unwrap();
        link.strip_prefix(&format!("http://{}", self.address)).unwrap().to_owned()
    }

    /// A header with the cookie of somebody who has logged in.
    pub(crate) async fn cookie(&self, role: Role) -> String {
        let answer = self.ask("GET", &self.link(role, Duration::ZERO), &[], "").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.header("set-cookie").unwrap();
        format!("cookie: other=1; {}", cookie.split(';').next().unwrap())
    }

    pub(crate) fn origin(&self) -> String {
        format!("origin: http://{}", self.address)
    }

    pub(crate) fn acts(&self) -> Vec<String> {
        self.units.acts.lock().unwrap().clone()
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}")
}
