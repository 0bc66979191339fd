//! What the edge refuses by itself, in the form that the API's errors have.

use seam_tests::http::{delete, get, post, post_text};
use serde_json::json;

use crate::visit::{Visit, by};

pub(crate) async fn scenario(visit: &mut Visit) {
    let eve = visit.register("eve").await;
    for path in ["/", "/api", "/api/nothing", "/api/articles/a/b/c", "/api/user/1"] {
        visit.refused(get(path), 404, "body").await;
    }
    visit.refused(delete("/api/tags"), 405, "body").await;
    visit.refused(post("/api/articles/feed", &json!({})), 405, "body").await;

    for text in ["", "{", "[]", "7", "\"text\"", r#"{"article": "#, r#"{"article": 7}"#] {
        let request = post_text("/api/articles", "application/json", text);
        visit.refused(by(&eve, request), 400, "body").await;
    }
    // A member that there isn't, at any depth, and a wrong type.
    for article in [
        json!({ "article": { "title": "t", "description": "d", "body": "b", "tags": [] } }),
        json!({ "article": { "title": 7, "description": "d", "body": "b" } }),
        json!({ "article": { "title": "t", "description": "d", "body": "b", "tagList": "a" } }),
        json!({ "article": { "title": "t", "description": "d", "body": "b" }, "more": 1 }),
        json!({ "artikel": { "title": "t", "description": "d", "body": "b" } }),
    ] {
        visit.refused(by(&eve, post("/api/articles", &article)), 400, "body").await;
    }
    assert_eq!(visit.expect(get("/api/articles"), 200).await["articlesCount"], 5);
}
