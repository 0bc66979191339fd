//! Methods by name: `/rpc`, and the form gateway.

use serde_json::json;

use crate::support::{self, edge, post};

const FORM: &str = "application/x-www-form-urlencoded";

#[tokio::test]
async fn a_public_method_is_called_by_name() {
    let edge = edge();
    let answer = support::json(&edge, "/rpc/shelf/book", r#"{"id": 5}"#).await;
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({"id": 5, "title": "Ada", "pageCount": 3}))
    );
    let body = r#"{"by_author": "x", "limit": 3}"#;
    let answer = support::json(&edge, "/rpc/shelf/find_books", body).await;
    assert_eq!(answer.json(), json!(["x", "Some(3)", "None"]));
}

#[tokio::test]
async fn only_public_methods_are_called_by_name() {
    let edge = edge();
    for method in ["secret", "burn", "add_book"] {
        let answer = support::json(&edge, &format!("/rpc/shelf/{method}"), "{}").await;
        assert_eq!(answer.problem(), (403, "denied".into(), "not_executed".into()), "{method}");
        let form = format!("module=shelf&method={method}");
        assert_eq!(post(&edge, "/gateway", FORM, &form).await.problem().0, 403, "{method}");
    }
    for path in ["/rpc/shelf/nothing", "/rpc/nobody/book", "/rpc/shelf/Book", "/rpc/SHELF/book"] {
        let answer = support::json(&edge, path, "{}").await;
        assert_eq!(answer.problem(), (404, "not_found".into(), "not_executed".into()), "{path}");
    }
}

#[tokio::test]
async fn arguments_by_name_are_an_object() {
    let edge = edge();
    for body in ["", "5", "[5]", "{", r#"{"id": "5"}"#, r#"{"id": 5, "x": 1}"#, r#"{"idd": 5}"#] {
        let answer = support::json(&edge, "/rpc/shelf/book", body).await;
        assert_eq!(answer.problem(), (400, "bad_request".into(), "not_executed".into()), "{body}");
    }
}

#[tokio::test]
async fn a_form_may_spell_names_as_it_likes() {
    let edge = edge();
    for form in [
        "module=shelf&version=1.0&method=Shelf.Book&bizContent={\"id\":5}",
        "module=shelf&method=book&bizContent=%7B%22id%22%3A%205%7D",
        "module=Shelf&version=1.2&method=BOOK&bizContent={\"id\":5}&sign=x&timestamp=1",
        "bizContent={\"id\":5}&method=com.example.shelf.book&module=SHELF&version=1",
    ] {
        let answer = post(&edge, "/gateway", FORM, form).await;
        assert_eq!((answer.status, answer.json()["id"].clone()), (200, json!(5)), "{form}");
    }
    for method in ["find_books", "FindBooks", "findBooks", "FINDBOOKS", "Shelf.Find_Books"] {
        let form = format!("module=shelf&method={method}&bizContent={{\"byAuthor\":\"x\"}}");
        let answer =
            post(&edge, "/gateway", "application/x-www-form-urlencoded; charset=UTF-8", &form)
                .await;
        assert_eq!(answer.json(), json!(["x", "None", "None"]), "{method}");
    }
}

#[tokio::test]
async fn a_form_that_is_none_is_refused() {
    let edge = edge();
    for (form, status) in [
        ("", 400),
        ("module=shelf", 400),
        ("method=book", 400),
        ("module=shelf&method=book&bizContent=x", 400),
        ("module=shelf&method=book&bizContent=[]", 400),
        ("module=shelf&method=book&bizContent={}", 400),
        ("module=shelf&method=book&version=x", 400),
        ("module=shelf&method=nothing", 404),
        ("module=shelf&method=Shelf.", 404),
        ("module=nobody&method=book", 404),
    ] {
        let answer = post(&edge, "/gateway", FORM, form).await;
        assert_eq!(
            (answer.problem().0, answer.problem().2),
            (status, "not_executed".into()),
            "{form}"
        );
    }
    for (content, why) in [
        ("[]", "`bizContent` is no JSON object"),
        ("{}", "`id` is missing in `bizContent`"),
        ("", "`id` is missing in `bizContent`"),
    ] {
        let form = format!("module=shelf&method=book&bizContent={content}");
        let answer = post(&edge, "/gateway", FORM, &form).await;
        assert_eq!((answer.status, &answer.json()["detail"]), (400, &json!(why)), "{content}");
    }
    let answer = support::json(&edge, "/gateway", r#"{"module": "shelf"}"#).await;
    assert_eq!(answer.problem().0, 415);
}

#[tokio::test]
async fn a_form_may_ask_for_a_compatible_version() {
    let edge = edge();
    for (version, status) in [("1.0", 200), ("1.2", 200), ("1.3", 502), ("2.0", 502), ("0.9", 502)]
    {
        let form = format!("module=shelf&version={version}&method=book&bizContent={{\"id\":5}}");
        let answer = post(&edge, "/gateway", FORM, &form).await;
        assert_eq!(answer.status, status, "{version}");
        if status == 502 {
            assert_eq!(answer.problem().1, "incompatible");
        }
    }
}
