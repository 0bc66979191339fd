//! Plug-ins: asked for all that isn't everybody's, and believed in nothing that they haven't said.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use seam_core::context::{Principal, current};
use seam_gateway::{
    Asked, AskedRequest, Edge, EdgeLimits, EdgeSettings, FileFolder, Own, Refusal, SecurityPlugin,
    WebSettings,
};

use crate::support::{Ready, get, request, settings, shelf};

/// Does what the header `X-Wish` says, before it answers with a future.
struct Wishing;

fn wish(request: &AskedRequest<'_>, at: &str) -> Result<(), Refusal> {
    assert!(current().is_some(), "it is asked in the request's context");
    let wish = request.header("x-wish").and_then(|wish| wish.strip_prefix(at));
    assert_ne!(wish, Some(" panic"));
    match wish {
        Some(" wrong") => Err(Refusal::invalid_credential("it is told that it is wrong")),
        Some(" no") => Err(Refusal::denied("unwished", "it was told not to")),
        _ => Ok(()),
    }
}

impl SecurityPlugin for Wishing {
    fn name(&self) -> &str {
        "wishing"
    }

    fn knows_clients(&self) -> bool {
        true
    }

    fn authenticate<'a>(
        &'a self,
        request: &'a AskedRequest<'a>,
    ) -> BoxFuture<'a, Result<Option<Principal>, Refusal>> {
        let said = wish(request, "authenticate").map(|()| None);
        Box::pin(std::future::ready(said))
    }

    fn authorize<'a>(&'a self, asked: &'a Asked<'a>) -> BoxFuture<'a, Result<(), Refusal>> {
        Box::pin(std::future::ready(wish(asked.request(), "authorize")))
    }
}

fn edge(web: WebSettings) -> Edge {
    bound(EdgeSettings { web: web.into(), ..settings() })
}

fn bound(settings: EdgeSettings) -> Edge {
    let own = Own { plugins: vec![Arc::new(Wishing)], ..Own::default() };
    Edge::bind_with(settings, vec![shelf()], Arc::new(Ready), own).unwrap()
}

#[tokio::test]
async fn all_that_is_not_everybodys_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page.html"), "<p>").unwrap();
    let files = vec![FileFolder { prefix: "/".into(), path: folder.path().to_owned() }];
    let edge = edge(WebSettings { files, ..WebSettings::default() });
    for (path, status) in [
        ("/page.html", 200),
        ("/nowhere", 404),
        ("/api/book/5", 200),
        ("/tickets/01J9Z8Q6W3N5V7X2B4C6D8E0FG", 404),
        ("/push", 404),
    ] {
        assert_eq!(get(&edge, path).await.status, status, "{path}");
        let refused = request(&edge, &format!("GET {path}\nX-Wish: authorize no"), "").await;
        assert_eq!((refused.status, refused.problem().1.as_str()), (403, "unwished"), "{path}");
    }
    for path in ["/healthz", "/readyz", "/errors", "/openapi.json", "/docs"] {
        let answer = request(&edge, &format!("GET {path}\nX-Wish: authorize no"), "").await;
        assert_ne!(answer.status, 403, "{path}");
    }
}

#[tokio::test]
async fn one_that_panics_has_not_said_yes() {
    let edge = edge(WebSettings::default());
    for at in ["authenticate", "authorize"] {
        let answer = request(&edge, &format!("GET /api/book/5\nX-Wish: {at} panic"), "").await;
        assert_eq!((answer.status, answer.problem().1.as_str()), (503, "unavailable"), "{at}");
    }
    assert_eq!(get(&edge, "/api/book/5").await.status, 200);
}

#[tokio::test]
async fn what_one_takes_for_a_wrong_credential_counts_as_one() {
    let limits = EdgeLimits { failures: "2/1h".parse().ok(), ..EdgeLimits::default() };
    let edge = bound(EdgeSettings { limits, ..settings() });
    for (status, wish) in [
        (401, "authenticate wrong"),
        (403, "authorize no"),
        (403, "authenticate no"),
        (401, "authorize wrong"),
        (429, "authenticate wrong"),
        (429, "nothing"),
    ] {
        let answer = request(&edge, &format!("GET /api/book/5\nX-Wish: {wish}"), "").await;
        assert_eq!(answer.status, status, "{wish}");
    }
    assert_eq!(get(&edge, "/healthz").await.status, 200);
}
