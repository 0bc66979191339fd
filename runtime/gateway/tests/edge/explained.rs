//! Where codes are explained.

use seam_core::outcome::Code;
use seam_gateway::EdgeSettings;

use crate::support::{Connection, edge, edge_with, get, request, settings};

#[tokio::test]
async fn a_problems_type_is_a_page() {
    let edge = edge();
    for path in ["/api/nothing", "/api/book/404", "/api/book/x"] {
        let problem = get(&edge, path).await.json();
        let (place, code) = (problem["type"].as_str().unwrap(), problem["code"].as_str().unwrap());
        assert_eq!(place, format!("/errors/{code}"));
        let page = get(&edge, place).await;
        assert_eq!(
            (page.status, page.header("content-type")),
            (200, Some("text/html; charset=utf-8"))
        );
        let status = problem["status"].to_string();
        assert!(page.body.contains(code) && page.body.contains(&status), "{}", page.body);
    }
    let page = get(&edge, "/errors/book_not_found").await.body;
    for text in ["shelf", "There is no such book", "lend", "404 Not Found", "<td>id</td>"] {
        assert!(page.contains(text), "{text}: {page}");
    }
}

#[tokio::test]
async fn all_codes_are_listed() {
    let edge = edge();
    let list = get(&edge, "/errors").await;
    assert_eq!((list.status, list.header("content-type")), (200, Some("text/html; charset=utf-8")));
    for code in Code::ALL.iter().map(|code| code.as_str()).chain(["empty_title", "printer_gone"]) {
        assert!(list.body.contains(&format!("href=\"/errors/{code}\"")), "{code}");
        assert_eq!(get(&edge, &format!("/errors/{code}")).await.status, 200, "{code}");
    }
    for none in ["/errors/nothing", "/errors/%3Cscript%3E", "/errors/"] {
        let answer = get(&edge, none).await;
        assert_eq!(answer.problem(), (404, "not_found".into(), "not_executed".into()), "{none}");
    }
    let answer = request(&edge, "POST /errors/not_found", "").await;
    assert_eq!(answer.problem().0, 405);
}

#[tokio::test]
async fn a_page_has_a_head() {
    let edge = edge();
    for (path, status) in [
        ("/errors", 200),
        ("/errors/book_not_found", 200),
        ("/errors/cycle", 200),
        ("/errors/x", 404),
    ] {
        let page = get(&edge, path).await;
        let mut connection = Connection::to(edge.address()).await;
        let heads = format!("HEAD {path} HTTP/1.1\r\nHost: t\r\n\r\n").repeat(2);
        connection.send(heads).await;
        for _ in 0..2 {
            // No content stands between them.
            let head = connection.head().await.unwrap();
            assert_eq!((page.status, head.status), (status, status), "{path}");
            for name in ["content-type", "content-length"] {
                assert!(head.header(name).is_some(), "{path} {name}");
                assert_eq!(head.header(name), page.header(name), "{path} {name}");
            }
        }
        let allowed = request(&edge, &format!("OPTIONS {path}"), "").await;
        assert_eq!((allowed.status, allowed.header("allow")), (204, Some("GET, HEAD, OPTIONS")));
    }
}

#[tokio::test]
async fn codes_may_be_explained_elsewhere() {
    let errors = "https://example.com/errors/".into();
    let edge = edge_with(EdgeSettings { errors, ..settings() });
    let problem = get(&edge, "/api/nothing").await.json();
    assert_eq!(problem["type"], "https://example.com/errors/not_found");
    let broken = request(&edge, "GET /api book", "").await;
    assert_eq!(broken.json()["type"], "https://example.com/errors/bad_request", "{}", broken.body);
    assert_eq!(get(&edge, "/errors/not_found").await.status, 200, "the pages stay");
}
