//! The page, and what browsers are told.

use seam_admin::Role;

use crate::support::{SCRIPT, Stage};

#[tokio::test]
async fn its_files_are_for_who_has_logged_in() {
    let stage = Stage::new();
    let cookie = stage.cookie(Role::Viewer).await;
    let page = stage.ask("GET", "/", &[&cookie], "").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let script = stage.ask("GET", "/app.js", &[&cookie], "").await;
    assert_eq!(
        (script.body.as_str(), script.header("content-type")),
        ("1", Some("text/javascript"))
    );
    assert_eq!(stage.ask("GET", "/app.css", &[&cookie], "").await.status, 404);
    let nobody = stage.ask("GET", "/", &["accept: text/html,*/*"], "").await;
    assert_eq!(nobody.status, 401);
    assert!(nobody.body.contains("dashboard"), "{}", nobody.body);
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    let stage = Stage::new();
    for (path, token) in [
        ("/", SCRIPT),
        ("/app.js", SCRIPT),
        ("/api/status", SCRIPT),
        ("/api/status", "wrong"),
        ("/nothing", SCRIPT),
        ("/healthz", ""),
        ("/metrics", ""),
        ("/?login=x", ""),
    ] {
        let answer = stage.get(path, token).await;
        let policy = answer.header("content-security-policy").unwrap();
        let parts: Vec<_> = policy.split("; ").collect();
        assert_eq!(parts[0], "default-src 'none'", "{path}");
        for part in &parts[1..] {
            let source = part.split(' ').nth(1).unwrap();
            assert!(source == "'self'" || source == "'none'", "{part}");
        }
        assert!(parts.contains(&"frame-ancestors 'none'"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        let cache = answer.header("cache-control").unwrap();
        assert!(["no-store", "no-cache"].contains(&cache), "{path}");
        assert!(answer.header("access-control-allow-origin").is_none());
    }
}
