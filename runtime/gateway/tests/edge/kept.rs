//! Answers that are kept: by their arguments, for a while, and asked for once.

use std::collections::HashMap;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::join_all;
use seam_gateway::{Edge, WebSettings};

use crate::support::{
    Answer, Connection, PageService, get, json, page, page_that_knows, reached, request,
};

fn keeping(service: &PageService, methods: &[(&str, Duration)]) -> Edge {
    let cache: HashMap<_, _> =
        methods.iter().map(|(name, time)| ((*name).to_owned(), *time)).collect();
    page(service, WebSettings { cache, ..WebSettings::default() })
}

const HOUR: Duration = Duration::from_secs(3600);

fn calls(service: &PageService) -> u32 {
    service.calls.load(Ordering::SeqCst)
}

#[tokio::test]
async fn the_same_question_is_asked_once() {
    let service = PageService::default();
    let edge = keeping(&service, &[("page.text", HOUR)]);
    let first = get(&edge, "/api/text/5?someNote=a").await;
    assert_eq!((first.status, first.header("age")), (200, None));
    assert_eq!(first.header("cache-control"), Some("private, max-age=3600"));
    assert_eq!(first.header("vary"), Some("Authorization, Cookie, X-Api-Key"));
    let again = get(&edge, "/api/text/5?someNote=a").await;
    assert_eq!((&again.body, again.header("age")), (&first.body, Some("0")));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    for name in ["etag", "content-type", "cache-control", "vary"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
    for spelling in
        ["/api/text/5?some_note=a", "/api/text/5?some%5Fnote=%61", "/api/text/%35?someNote=a"]
    {
        assert_eq!(get(&edge, spelling).await.header("age"), Some("0"), "{spelling}");
    }
    let mut connection = Connection::to(edge.address()).await;
    connection.send("HEAD /api/text/5?someNote=a HTTP/1.1\r\nHost: t\r\n\r\n").await;
    let head = connection.head().await.unwrap();
    assert_eq!(
        (head.header("age"), head.header("content-length")),
        (Some("0"), first.header("content-length"))
    );
    let known =
        format!("GET /api/text/5?someNote=a\nIf-None-Match: {}", first.header("etag").unwrap());
    let unchanged = request(&edge, &known, "").await;
    assert_eq!((unchanged.status, unchanged.header("age")), (304, Some("0")));
    assert_eq!(calls(&service), 1);
    for other in
        ["/api/text/6?someNote=a", "/api/text/5?someNote=b", "/api/text/5", "/api/text/5?someNote="]
    {
        assert_eq!(get(&edge, other).await.header("age"), None, "{other}");
    }
    assert_eq!(calls(&service), 5);
}

#[tokio::test]
async fn what_is_kept_gets_old_and_is_asked_anew() {
    let service = PageService::default();
    let edge = keeping(&service, &[("page.text", Duration::from_millis(1500))]);
    assert_eq!(get(&edge, "/api/text/5").await.header("cache-control"), Some("private, max-age=1"));
    let until = |wanted: Option<&'static str>| {
        let edge = &edge;
        async move {
            while get(edge, "/api/text/5").await.header("age") != wanted {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    };
    let both = async {
        until(Some("1")).await;
        until(None).await;
    };
    tokio::time::timeout(Duration::from_secs(20), both).await.unwrap();
    assert!(calls(&service) >= 2);
}

#[tokio::test]
async fn only_what_may_be_kept_is() {
    let service = PageService::default();
    let edge = keeping(
        &service,
        &[("page.say", HOUR), ("page.text", HOUR), ("page.blob", Duration::ZERO)],
    );
    let twice = async |head: &str, body: &str| -> Vec<Answer> {
        let before = calls(&service);
        let answers = vec![request(&edge, head, body).await, request(&edge, head, body).await];
        assert_eq!(calls(&service) - before, 2, "{head}");
        assert_eq!(answers[1].header("age"), None, "{head}");
        answers
    };
    for (name, value) in [
        ("Cache-Control", "no-store"),
        ("Cache-Control", "private,+max-age=60"),
        ("Cache-Control", "No-Cache"),
        ("Cache-Control", "max-age=0"),
        ("Set-Cookie", "a=b"),
        ("Vary", "Accept-Language"),
    ] {
        let answers = twice(&format!("GET /api/say/5?name={name}&value={value}"), "").await;
        let said = answers[1].header(&name.to_lowercase()).unwrap().to_owned();
        assert_eq!(said, value.replace('+', " "));
    }
    twice("GET /api/say/5?name=a&value=b&status=203", "").await;
    twice("POST /api/text/5", "").await;
    twice("GET /api/text/300000", "").await;
    twice("GET /api/text/7\nCache-Control: no-store", "").await;
    assert_eq!(get(&edge, "/api/text/7").await.header("age"), None, "nor was it kept");
    twice("GET /api/text/8\nCache-Control: max-age=0, No-Cache", "").await;
    assert_eq!(get(&edge, "/api/text/8").await.header("age"), Some("0"), "but what came of it was");
    let own = "/api/say/6?name=Cache-Control&value=public,+max-age=60";
    assert_eq!(get(&edge, own).await.header("age"), None);
    let kept = get(&edge, own).await;
    assert_eq!(
        (kept.header("age"), kept.header("cache-control")),
        (Some("0"), Some("public, max-age=60"))
    );
    let off = get(&edge, "/api/blob/5?kind=a/b").await;
    assert_eq!(off.header("cache-control"), Some("private, no-cache"));
    let named = json(&edge, "/rpc/page/text", r#"{"length": 5}"#).await;
    assert_eq!(named.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn many_at_once_are_one_call() {
    let service = PageService::default();
    let edge = keeping(&service, &[("page.slow", HOUR)]);
    let many = join_all((0..40).map(|_| get(&edge, "/api/slow/7")));
    let let_go = async {
        reached(&service.calls, 1).await;
        // The others are under way; whoever comes later finds it kept.
        tokio::time::sleep(Duration::from_millis(100)).await;
        service.release.notify_waiters();
    };
    let (answers, ()) = tokio::join!(many, let_go);
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == "7"));
    assert_eq!(calls(&service), 1);
}

/// The answers, while calls are let go again and again, a good while after they began.
async fn released<T>(service: &PageService, answers: impl Future<Output = T>) -> T {
    let let_go = async {
        loop {
            tokio::time::sleep(Duration::from_millis(200)).await;
            service.release.notify_waiters();
        }
    };
    tokio::select! {
        answers = answers => answers,
        () = let_go => unreachable!("it never ends"),
    }
}

#[tokio::test]
async fn a_failure_is_told_to_all_who_wait_and_not_kept() {
    let service = PageService::default();
    let edge = keeping(&service, &[("page.slow", HOUR)]);
    for _ in 0..2 {
        let before = calls(&service);
        let many = join_all((0..20).map(|_| get(&edge, "/api/slow/7?fails=true")));
        let answers = released(&service, many).await;
        assert!(
            answers.iter().all(|answer| answer.problem() == (409, "told".into(), "service".into()))
        );
        assert!(answers.iter().all(|answer| answer.header("cache-control") == Some("no-store")));
        // One, but for those who come when it is over already.
        let made = calls(&service) - before;
        assert!((1..10).contains(&made), "{made} calls");
    }
}

#[tokio::test]
async fn who_leaves_takes_nothing_along() {
    let service = PageService::default();
    let edge = keeping(&service, &[("page.slow", HOUR)]);
    let mut first = Connection::to(edge.address()).await;
    first.send("GET /api/slow/7 HTTP/1.1\r\nHost: t\r\n\r\n").await;
    reached(&service.calls, 1).await;
    let second = get(&edge, "/api/slow/7");
    let leave = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(first);
        tokio::time::sleep(Duration::from_millis(50)).await;
        service.release.notify_waiters();
    };
    let (answer, ()) = tokio::join!(second, leave);
    assert_eq!((answer.status, &*answer.body), (200, "7"));
    assert_eq!(calls(&service), 1);

    let mut only = Connection::to(edge.address()).await;
    only.send("GET /api/slow/8 HTTP/1.1\r\nHost: t\r\n\r\n").await;
    reached(&service.calls, 2).await;
    drop(only);
    service.release.notify_one();
    let kept = async { while get(&edge, "/api/slow/8").await.header("age").is_none() {} };
    tokio::time::timeout(Duration::from_secs(10), kept).await.unwrap();
    assert_eq!(calls(&service), 2, "it was kept for who comes later");
}

#[tokio::test]
async fn a_cookie_is_for_who_has_asked() {
    let service = PageService { cookies: true, ..PageService::default() };
    let edge = keeping(&service, &[("page.slow", HOUR)]);
    let many = join_all((0..5).map(|_| get(&edge, "/api/slow/7")));
    let answers = released(&service, many).await;
    let mut cookies: Vec<_> =
        answers.iter().map(|answer| answer.header("set-cookie").unwrap().to_owned()).collect();
    cookies.sort();
    cookies.dedup();
    assert_eq!(cookies.len(), 5, "{cookies:?}");
}

#[tokio::test]
async fn what_is_kept_for_one_is_told_to_nobody_else() {
    let service = PageService::default();
    let cache = HashMap::from([("page.mine".to_owned(), HOUR)]);
    let edge = page_that_knows(&service, WebSettings { cache, ..WebSettings::default() });
    let as_who = async |path: &str, who: &str| {
        let who = if who.is_empty() { String::new() } else { format!("\nWho: {who}") };
        request(&edge, &format!("GET {path}{who}"), "").await
    };
    for age in [None, Some("0")] {
        for who in ["ada", "eve", "ada:support"] {
            let answer = as_who("/api/mine", who).await;
            let name = who.split(':').next().unwrap();
            assert_eq!((answer.json(), answer.header("age")), (name.into(), age), "{who}");
            assert_eq!(answer.header("cache-control"), Some("private, max-age=3600"));
        }
        assert_eq!(as_who("/api/mine", "").await.problem().1, "unauthenticated");
        assert_eq!(as_who("/api/mine", "ada:blocked").await.problem().1, "blocked");
    }
    assert_eq!(calls(&service), 3);

    for (who, age) in [("ada", None), ("eve", Some("0")), ("", Some("0"))] {
        let answer = as_who("/api/everyones", who).await;
        assert_eq!((answer.json(), answer.header("age")), ("nobody".into(), age), "{who}");
        assert_eq!(answer.header("cache-control"), Some("public, max-age=3600"));
        assert_eq!(answer.header("vary"), None);
    }
    assert_eq!(calls(&service), 4, "it is asked for on nobody's behalf");

    for (path, who, body) in [
        ("/api/own/1", "1", "1 for 1"),
        ("/api/own/1", "9:support", "1 for 9"),
        ("/api/own/2", "9:support", "2 for 9"),
    ] {
        for age in [None, Some("0")] {
            let answer = as_who(path, who).await;
            assert_eq!((answer.json(), answer.header("age")), (body.into(), age), "{path} {who}");
        }
    }
    for (path, who) in [("/api/own/1", "2"), ("/api/own/1", "1x"), ("/api/own/01", "2")] {
        assert_eq!(as_who(path, who).await.problem().1, "denied", "{path} {who}");
    }
    assert_eq!(calls(&service), 7);
}

#[tokio::test]
async fn a_contract_says_what_is_kept_and_config_has_the_last_word() {
    let service = PageService::default();
    let edge = page(&service, WebSettings::default());
    assert_eq!(get(&edge, "/api/everyones").await.header("age"), None);
    assert_eq!(get(&edge, "/api/everyones").await.header("age"), Some("0"));
    let off = keeping(&service, &[("page.everyones", Duration::ZERO)]);
    for _ in 0..2 {
        let answer = get(&off, "/api/everyones").await;
        assert_eq!(answer.header("age"), None);
        assert_eq!(answer.header("cache-control"), Some("private, no-cache"));
    }
    let shorter = keeping(&service, &[("page.everyones", Duration::from_secs(3))]);
    let answer = get(&shorter, "/api/everyones").await;
    assert_eq!(answer.header("cache-control"), Some("public, max-age=3"));
}
