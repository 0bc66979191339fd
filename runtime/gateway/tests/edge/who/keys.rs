//! Keys of clients.

use ring::digest;
use seam_gateway::{
    AuthSettings, Authenticators, EdgeLimits, EdgeSettings, KeySettings, Own, new_key,
};
use serde_json::{Value, json};

use super::support::{edge, edge_with};
use crate::support::{request, settings};

fn known(name: &str, key: &str) -> KeySettings {
    let hash = digest::digest(&digest::SHA256, key.as_bytes()).as_ref().try_into().unwrap();
    KeySettings { name: name.into(), hash, roles: vec!["support".into()], rate: None }
}

#[tokio::test]
async fn a_key_may_have_a_limit_of_its_own_or_none() {
    let limits = EdgeLimits { rate: "2/1h".parse().ok(), ..EdgeLimits::default() };
    let rates = [("as-all", None), ("own", Some("3/1h".parse().ok())), ("any", Some(None))];
    let keys = rates.map(|(name, rate)| KeySettings { rate, ..known(name, name) }).into();
    let auth = AuthSettings { keys, ..AuthSettings::default() };
    let (edge, _) = edge_with(auth, EdgeSettings { limits, ..settings() }, Own::default());
    for (key, expected) in [("as-all", 2), ("own", 3), ("any", 5)] {
        let mut answered = 0;
        for _ in 0..5 {
            let answer = request(&edge, &format!("GET /api/me\nX-Api-Key: {key}"), "").await;
            answered += u32::from(answer.status == 200);
        }
        assert_eq!(answered, expected, "{key}");
    }
}

#[tokio::test]
async fn a_key_says_who_asks_until_it_is_taken_away() {
    let (key, _) = new_key().unwrap();
    let keys = vec![known("robot", &key)];
    let (edge, accounts) = edge(AuthSettings { keys, ..AuthSettings::default() });
    let me = format!("GET /api/me\nX-Api-Key: {key}");
    let answer = request(&edge, &me, "").await.json();
    let who: Value = serde_json::from_str(answer.as_str().unwrap()).unwrap();
    assert_eq!(who, json!({ "sub": "robot", "kind": "key", "roles": ["support"] }));
    assert_eq!(
        request(&edge, &format!("GET /api/account/7\nX-Api-Key: {key}"), "").await.status,
        200
    );
    for wrong in ["", "0", &"0".repeat(43), &key[1..], &format!("{key}x"), &"x".repeat(4_000)] {
        let answer = request(&edge, &format!("GET /api/me\nX-Api-Key: {wrong}"), "").await;
        assert_eq!(answer.problem().1, "invalid_credential", "{wrong}");
    }
    assert_eq!(accounts.asked(), 2);
    let token = "GET /api/me\nAuthorization: Bearer abc";
    assert_eq!(request(&edge, token, "").await.problem().1, "invalid_credential");
    let keys = vec![known("robot", "another")];
    let auth = Authenticators::new(AuthSettings { keys, ..AuthSettings::default() });
    let now = (**edge.settings().load()).clone();
    edge.settings().set(EdgeSettings { auth, ..now });
    assert_eq!(request(&edge, &me, "").await.problem().1, "invalid_credential");
}
