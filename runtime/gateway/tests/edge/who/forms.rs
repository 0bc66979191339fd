//! Signed forms.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use form_urlencoded::Serializer;
use futures_util::future::{BoxFuture, join_all};
use ring::hmac;
use seam_core::time::Clock;
use seam_gateway::{
    Alone, Apart, Ask, AuthSettings, Claim, Edge, EdgeLimits, EdgeSettings, Own, SigningApp,
    SigningSettings, Take, Together,
};

use super::support::{Accounts, edge, edge_with, now};
use crate::support::{Answer, post, settings};

const SECRET: &str = "of nobody but app1, and long";

fn signing() -> AuthSettings {
    let app = |name: &str| SigningApp {
        name: name.into(),
        secret: SECRET.as_bytes().into(),
        roles: vec!["support".into()],
    };
    let apps = vec![app("app1"), app("app3")];
    let signing = SigningSettings { window: Duration::from_secs(300), apps };
    AuthSettings { signing: Some(signing), ..AuthSettings::default() }
}

/// A form that asks for an account, with these fields in place of the usual ones.
fn form(nonce: &str, over: &[(&str, &str)], secret: &str) -> BTreeMap<String, String> {
    let mut fields = BTreeMap::new();
    let timestamp = now().as_millis().to_string();
    let usual = [
        ("module", "account"),
        ("version", "1.0"),
        ("method", "Account.Get"),
        ("bizContent", r#"{"id":1}"#),
        ("appKey", "app1"),
        ("timestamp", &*timestamp),
        ("nonce", nonce),
    ];
    for (name, value) in usual.iter().chain(over) {
        fields.insert((*name).to_owned(), (*value).to_owned());
    }
    let text: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, text.join("&").as_bytes());
    let sign = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    fields.insert("sign".into(), sign);
    fields
}

async fn send(edge: &Edge, form: &BTreeMap<String, String>) -> Answer {
    let body = Serializer::new(String::new()).extend_pairs(form).finish();
    post(edge, "/gateway", "application/x-www-form-urlencoded", &body).await
}

async fn code(edge: &Edge, form: &BTreeMap<String, String>) -> String {
    let answer = send(edge, form).await;
    if answer.status == 200 {
        return "ok".into();
    }
    assert_eq!(answer.header("www-authenticate").is_some(), answer.status == 401);
    answer.problem().1
}

#[tokio::test]
async fn who_signs_a_form_is_known_and_what_is_wrong_is_told() {
    let (edge, accounts) = edge(signing());
    assert_eq!(code(&edge, &form("1", &[], SECRET)).await, "ok");
    let me = form("2", &[("method", "me"), ("bizContent", "{}")], SECRET);
    let who = r#"{"sub":"app1","kind":"app","roles":["support"]}"#;
    assert_eq!(send(&edge, &me).await.json(), who);
    let asked = accounts.asked();
    let mut changed = form("3", &[], SECRET);
    changed.insert("bizContent".into(), r#"{"id":2}"#.into());
    assert_eq!(code(&edge, &changed).await, "signature_invalid");
    let mut added = form("3", &[], SECRET);
    added.insert("extra".into(), "1".into());
    assert_eq!(code(&edge, &added).await, "signature_invalid");
    let mut unsigned = form("3", &[], SECRET);
    unsigned.remove("sign");
    assert_eq!(code(&edge, &unsigned).await, "signature_missing");
    assert_eq!(code(&edge, &form("3", &[], "other")).await, "signature_invalid");
    assert_eq!(code(&edge, &form("3", &[("appKey", "app2")], SECRET)).await, "signature_invalid");
    let old = (now().as_millis() - 400_000).to_string();
    assert_eq!(code(&edge, &form("3", &[("timestamp", &old)], SECRET)).await, "signature_expired");
    assert_eq!(accounts.asked(), asked);
    // None of these has used the nonce up.
    assert_eq!(code(&edge, &form("3", &[("a b", "é&=+")], SECRET)).await, "ok");
}

#[tokio::test]
async fn of_one_form_sent_often_at_once_one_is_taken() {
    let together: Arc<dyn Together> = Arc::new(Alone::new(Clock::fast()));
    let edges: Vec<(Edge, Accounts)> = (0..2)
        .map(|_| {
            let own = Own { together: Some(Arc::clone(&together)), ..Own::default() };
            edge_with(signing(), settings(), own)
        })
        .collect();
    let form = form("1", &[], SECRET);
    let sent = (0..24).map(|n| code(&edges[n % 2].0, &form));
    let codes = join_all(sent).await;
    let count = |code: &str| codes.iter().filter(|other| *other == code).count();
    assert_eq!((count("ok"), count("signature_replayed")), (1, 23), "{codes:?}");
    assert_eq!(edges.iter().map(|(_, accounts)| accounts.asked()).sum::<u32>(), 1);
}

#[tokio::test]
async fn what_was_taken_is_not_taken_again_as_other_fields_of_the_same_text() {
    let (edge, accounts) = edge(signing());
    let more = [("extra", "1"), ("signType", "HMAC"), ("zone", "eu")];
    let form = form("1", &more, SECRET);
    assert_eq!(code(&edge, &form).await, "ok");
    let merged = |first: &str, second: &str| {
        let mut merged = form.clone();
        let value = merged.remove(second).unwrap();
        merged.get_mut(first).unwrap().push_str(&format!("&{second}={value}"));
        merged
    };
    assert_eq!(code(&edge, &merged("nonce", "signType")).await, "signature_invalid");
    assert_eq!(code(&edge, &merged("version", "zone")).await, "signature_replayed");
    assert_eq!(code(&edge, &merged("extra", "method")).await, "signature_replayed");
    assert_eq!(accounts.asked(), 1);
}

#[tokio::test]
async fn who_signs_counts_for_itself_and_who_does_not_by_its_address() {
    let clock = Clock::manual();
    // Later than the clock of whom it calls, for whom deadlines would be over.
    clock.advance(Duration::from_secs(1_000_000));
    let limits = EdgeLimits { rate: "2/1h".parse().ok(), ..EdgeLimits::default() };
    let settings = EdgeSettings { limits, clock: clock.clone(), ..settings() };
    let (edge, accounts) = edge_with(signing(), settings, Own::default());
    let of = |app: &'static str, nonce: &str| form(nonce, &[("appKey", app)], SECRET);
    let codes = async |app: &'static str| {
        [code(&edge, &of(app, "1")).await, code(&edge, &of(app, "2")).await]
    };
    assert_eq!(codes("app1").await, ["ok", "ok"]);
    let third = of("app1", "3");
    assert_eq!(code(&edge, &third).await, "rate_limited");
    assert_eq!(codes("app3").await, ["ok", "ok"]);
    assert_eq!(codes("").await, ["signature_missing", "signature_missing"]);
    assert_eq!(code(&edge, &of("nobody", "1")).await, "rate_limited");
    assert_eq!(accounts.asked(), 4);
    // Who was refused for now hasn't used the form up.
    clock.advance(Duration::from_secs(2 * 60 * 60));
    assert_eq!(code(&edge, &third).await, "ok");
    assert_eq!(code(&edge, &third).await, "signature_replayed");
}

/// Nobody can be asked.
struct Gone(Alone);

impl Together for Gone {
    fn take<'a>(&'a self, asks: &'a [Ask<'a>]) -> Take<'a> {
        self.0.take(asks)
    }

    fn claim<'a>(&'a self, _: &'a str, _: Duration) -> BoxFuture<'a, Result<Claim, Apart>> {
        Box::pin(std::future::ready(Err(Apart { why: "it is away".into() })))
    }

    fn end<'a>(&'a self, _: &'a str, _: Duration) -> BoxFuture<'a, Result<(), Apart>> {
        Box::pin(std::future::ready(Err(Apart { why: "it is away".into() })))
    }

    fn is_ended(&self, _: &str) -> bool {
        false
    }
}

#[tokio::test]
async fn what_may_have_been_taken_before_is_not_taken() {
    let together: Option<Arc<dyn Together>> = Some(Arc::new(Gone(Alone::new(Clock::fast()))));
    let own = Own { together, ..Own::default() };
    let (edge, accounts) = edge_with(signing(), settings(), own);
    let answer = send(&edge, &form("1", &[], SECRET)).await;
    assert_eq!((answer.status, answer.problem().1.as_str()), (503, "unavailable"));
    assert_eq!(accounts.asked(), 0);
}
