//! Majors of one service beside each other.

use std::sync::Arc;

use seam_core::call::{AnyClient, Client};
use seam_gateway::{Authenticators, Edge, EdgeSettings, Own, Versions};
use serde_json::json;

use crate::support::{Ready, get, request, settings};
use crate::who::support::{TokenKey, jwt, now};

mod first {
    #[seam::contract(name = "coat", version = "1.0")]
    pub(crate) trait Coat {
        /// Its colour.
        #[call(public, http = "GET /api/colour", allow = "anyone", cache = "1h")]
        #[call(http = "GET /api/hue", status = 202)]
        async fn colour(&self) -> String;
    }
}

mod second {
    #[seam::contract(name = "coat", version = "2.0")]
    pub(crate) trait Coat {
        /// Its colour.
        #[call(public, http = "GET /api/colour", allow = "anyone", cache = "1h")]
        async fn colour(&self) -> String;
    }
}

struct Coat(&'static str);

impl first::Coat for Coat {
    async fn colour(&self) -> String {
        self.0.into()
    }
}

impl second::Coat for Coat {
    async fn colour(&self) -> String {
        self.0.into()
    }
}

fn edge(settings: EdgeSettings) -> Edge {
    let clients: Vec<Arc<dyn AnyClient>> = vec![
        Arc::new(Client::<first::CoatContract>::local(Coat("red")).unwrap()),
        Arc::new(Client::<second::CoatContract>::local(Coat("blue")).unwrap()),
    ];
    Edge::bind_with(settings, clients, Arc::new(Ready), Own::default()).unwrap()
}

#[tokio::test]
async fn what_one_major_has_answered_is_no_answer_of_the_other() {
    let edge = edge(settings());
    for _ in 0..2 {
        assert_eq!(get(&edge, "/v1/api/colour").await.body, "\"red\"");
        assert_eq!(get(&edge, "/v2/api/colour").await.body, "\"blue\"");
        // Nor of another route that makes something else of it.
        assert_eq!(get(&edge, "/api/hue").await.status, 202);
    }
    assert_eq!(get(&edge, "/api/colour").await.header("age"), Some("0"));
}

#[tokio::test]
async fn who_gets_another_major_gets_it_by_whatever_shows_who_it_is() {
    let (key, folder) = (TokenKey::new("k"), tempfile::tempdir().unwrap());
    let path = folder.path().join("keys.json");
    std::fs::write(&path, TokenKey::set(&[&key])).unwrap();
    let auth = Authenticators::new(jwt(path.to_str().unwrap()));
    let grey = vec![("coat".to_owned(), 2, 50)];
    let versions = Arc::new(Versions { grey, ..Versions::default() });
    let edge = edge(EdgeSettings { auth, known: true, versions, ..settings() });
    let mut got = Vec::new();
    for subject in 0..32 {
        let major = async |life: u64| {
            let exp = now().as_secs() + life;
            let token = key.token(&json!({ "sub": subject.to_string(), "exp": exp }));
            let head = format!("GET /api/colour\nAuthorization: Bearer {token}");
            let answer = request(&edge, &head, "").await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let colour = answer.body.clone();
            (answer.header("x-seam-version").unwrap().to_owned(), colour)
        };
        let first = major(500).await;
        assert_eq!(major(600).await, first, "the token of {subject} was renewed");
        got.push(first);
    }
    let all = |major: &str, colour: &str| got.contains(&(major.into(), colour.into()));
    assert!(all("1", "\"red\"") && all("2", "\"blue\""), "{got:?}");
}
