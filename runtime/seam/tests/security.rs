//! Who may ask for what at the edge: rules, on every way in, and plug-ins.

#![allow(clippy::unwrap_used, reason = "a test that gets less than it expects has failed")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use seam::actor::StartError;
use seam::edge::{Asked, AskedRequest, Principal, Refusal, Security, SecuritySetup};
use seam::prelude::*;

#[seam::contract(name = "diary", version = "1.0")]
trait Diary {
    /// What somebody wrote.
    #[call(http = "GET /diary/{user_id}", public, allow = "self:user_id or role:support")]
    async fn read(&self, user_id: u64) -> String;

    /// Adds a line.
    #[call(http = "POST /diary", public, allow = "self:user_id")]
    async fn write(&self, user_id: u64, line: String) -> u64;

    /// For everybody.
    #[call(http = "GET /motto", allow = "anyone")]
    async fn motto(&self) -> String;

    /// Without a rule.
    #[call(http = "GET /whoami")]
    async fn whoami(&self) -> String;
}

struct Drawer;

impl Actor for Drawer {
    type Contract = DiaryContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Diary for Drawer {
    async fn read(&self, user_id: u64) -> String {
        format!("of {user_id}")
    }

    async fn write(&self, user_id: u64, _line: String) -> u64 {
        user_id
    }

    async fn motto(&self) -> String {
        "carpe diem".into()
    }

    async fn whoami(&self) -> String {
        seam::principal().map_or_else(|| "nobody".into(), |who| who.subject)
    }
}

/// Whom doors are shut to; it knows no clients, and needs no client to say so.
#[seam::contract(name = "bouncer", version = "1.0")]
trait Bouncer {
    async fn lets_in(&self, subject: String) -> bool;
}

struct Doorman;

impl Actor for Doorman {
    type Contract = BouncerContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Bouncer for Doorman {
    async fn lets_in(&self, subject: String) -> bool {
        match &*subject {
            "slow" => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                true
            }
            name => name != "666",
        }
    }
}

/// Believes what a header says: a test's way to be somebody.
struct Badge(BouncerClient);

#[seam::config]
struct BadgeConfig {
    header: String,
}

impl Security for Badge {
    const NAME: &'static str = "badge";
    const KNOWS_CLIENTS: bool = true;
    type Config = BadgeConfig;
    type Needs = (BouncerClient,);

    async fn start(setup: &SecuritySetup<Self>) -> Result<Self, StartError> {
        assert_eq!(setup.config().header, "x-badge");
        Ok(Self(setup.client()?))
    }

    async fn authenticate(&self, request: &AskedRequest<'_>) -> Result<Option<Principal>, Refusal> {
        let Some(badge) = request.header("x-badge") else { return Ok(None) };
        let (subject, role) = badge.split_once('/').unwrap_or((badge, ""));
        match subject {
            "forged" => Err(Refusal::invalid_credential("this badge is forged")),
            subject => Ok(Some(Principal::new(subject, "badge").with_roles([role]))),
        }
    }

    async fn authorize(&self, asked: &Asked<'_>) -> Result<(), Refusal> {
        let Some(who) = asked.principal() else { return Ok(()) };
        assert_ne!(who.subject, "panic", "as a plug-in might");
        match self.0.lets_in(who.subject.clone()).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::denied("blocked", "you aren't let in")),
            Err(error) => Err(Refusal::unavailable(error.to_string())),
        }
    }
}

/// The status of the answer, and its text.
fn ask(address: SocketAddr, request: &str, badge: &str, body: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).unwrap();
    let badge = if badge.is_empty() { String::new() } else { format!("X-Badge: {badge}\r\n") };
    let kind = if body.starts_with('{') {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let body = match body {
        "" => "\r\n".to_owned(),
        body => format!("Content-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
    };
    let text = format!("{request} HTTP/1.1\r\nHost: t\r\nConnection: close\r\n{badge}{body}");
    connection.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    (answer[9..12].parse().unwrap(), answer)
}

async fn on(running: &seam::Running, cases: Vec<Case>) {
    let address = running.http().unwrap();
    let asked = tokio::task::spawn_blocking(move || {
        for (request, badge, body, status, told) in cases {
            let (got, answer) = ask(address, request, badge, body);
            assert!(got == status && answer.contains(told), "{request} as {badge:?}: {answer}");
            assert_eq!(got == 401, answer.contains("www-authenticate: Bearer"), "{answer}");
        }
    });
    asked.await.unwrap();
}

/// A request, who sends it, its body, and what is answered.
type Case = (&'static str, &'static str, &'static str, u16, &'static str);

async fn started(more: &str) -> (seam::Running, tempfile::TempDir) {
    let data = tempfile::tempdir().unwrap();
    let config = format!(
        "[units.all]\nhttp = \"127.0.0.1:0\"\n[edge]\nnotice = \"0s\"\n\
         [edge.plugins.badge]\nheader = \"x-badge\"\n{more}"
    );
    let app = App::new("house").service::<Drawer>().service::<Doorman>().security::<Badge>();
    let app = app.config_text(config).set("SEAM__APP__DATA", data.path().display().to_string());
    (app.start().await.unwrap(), data)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_hold_on_every_way_in() {
    let (running, _data) = started("").await;
    let form =
        |user: &str| format!("module=diary&method=Diary.Read&bizContent={{\"userId\":{user}}}");
    let (own, others): (&str, &str) = (form("1").leak(), form("2").leak());
    on(
        &running,
        vec![
            ("GET /motto", "", "", 200, "carpe diem"),
            ("GET /motto", "forged", "", 401, "invalid_credential"),
            ("GET /whoami", "", "", 401, "unauthenticated"),
            ("GET /whoami", "7", "", 200, "\"7\""),
            ("GET /diary/1", "", "", 401, "unauthenticated"),
            ("GET /diary/1", "1", "", 200, "of 1"),
            ("GET /diary/2", "1", "", 403, "\"denied\""),
            ("GET /diary/2", "9/support", "", 200, "of 2"),
            // The number is the subject, however it is written; what isn't the same text isn't.
            ("GET /diary/01", "1", "", 403, "\"denied\""),
            ("POST /rpc/diary/read", "1", r#"{"userId":1}"#, 200, "of 1"),
            ("POST /rpc/diary/read", "1", r#"{"user_id":2}"#, 403, "\"denied\""),
            ("POST /rpc/diary/read", "1", r#"{"userId":1,"user_id":2}"#, 400, "bad_request"),
            ("POST /rpc/diary/read", "", r#"{"nonsense":2}"#, 401, "unauthenticated"),
            ("POST /gateway", "1", own, 200, "of 1"),
            ("POST /gateway", "1", others, 403, "\"denied\""),
            ("POST /gateway", "", own, 401, "unauthenticated"),
            ("POST /diary", "1", r#"{"userId":1,"line":"x"}"#, 200, "1"),
            // The rule stands before the arguments.
            ("POST /diary", "1", r#"{"userId":2,"line":7}"#, 403, "\"denied\""),
            ("POST /diary", "1", r#"{"userId":1,"line":7}"#, 400, "line"),
            ("POST /diary", "1", r#"{"line":"x"}"#, 400, "userId"),
            ("POST /diary", "9/support", r#"{"userId":2,"line":"x"}"#, 403, "\"denied\""),
            ("GET /diary/1", "666", "", 403, "\"denied\""),
            ("GET /diary/666", "666", "", 403, "blocked"),
            ("GET /healthz", "forged", "", 200, "ok"),
            ("GET /errors/denied", "forged", "", 200, "denied"),
        ],
    )
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn config_has_the_last_word_on_rules() {
    let rules = "[edge.allow]\n\"diary.motto\" = \"role:support\"\n\"diary.write\" = \"anyone\"\n";
    let (running, _data) = started(rules).await;
    on(
        &running,
        vec![
            ("GET /motto", "1", "", 403, "\"denied\""),
            ("GET /motto", "1/support", "", 200, "carpe diem"),
            ("POST /diary", "", r#"{"userId":2,"line":"x"}"#, 200, "2"),
        ],
    )
    .await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_says_nothing_has_not_said_yes() {
    let (running, _data) = started("").await;
    on(
        &running,
        vec![
            ("GET /whoami", "panic", "", 503, "unavailable"),
            ("GET /whoami", "slow", "", 503, "unavailable"),
            ("GET /whoami", "1", "", 200, "\"1\""),
        ],
    )
    .await;
    running.stop().await;
}
