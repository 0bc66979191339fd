//! Favourites: whose they are, and how many.

use seam_tests::http::{delete, get, post};
use serde_json::{Value, json};

use crate::visit::{Visit, by};

const FAVORITE: &str = "/api/articles/much-loved/favorite";

pub(crate) async fn scenario(visit: &mut Visit) {
    let poet = visit.register("poet").await;
    let reader = visit.register("reader").await;
    let article = json!({ "article": { "title": "Much loved", "description": "d", "body": "b" } });
    visit.expect(by(&poet, post("/api/articles", &article)), 201).await;

    visit.needs_token(post(FAVORITE, &json!({}))).await;
    visit.needs_token(delete(FAVORITE)).await;
    let none = "/api/articles/no-such-article/favorite";
    visit.refused(by(&reader, post(none, &json!({}))), 404, "body").await;
    visit.refused(by(&reader, delete(none)), 404, "body").await;

    // Twice is as good as once.
    for _ in 0..2 {
        let article = visit.expect(by(&reader, post(FAVORITE, &json!({}))), 200).await;
        assert_eq!(of(&article), (&json!(true), &json!(1)));
        assert_eq!(article["article"]["body"], "b");
    }
    let article = visit.expect(by(&poet, post(FAVORITE, &json!({}))), 200).await;
    assert_eq!(of(&article), (&json!(true), &json!(2)));
    let anonymous = visit.expect(get("/api/articles/much-loved"), 200).await;
    assert_eq!(of(&anonymous), (&json!(false), &json!(2)));

    for name in ["reader", "poet"] {
        let path = format!("/api/articles?favorited={name}");
        for request in [get(&path), by(&reader, get(&path))] {
            let list = visit.expect(request, 200).await;
            assert_eq!(list["articlesCount"], 1);
            assert_eq!(list["articles"][0]["slug"], "much-loved");
            assert_eq!(list["articles"][0]["favoritesCount"], 2);
        }
    }
    let list = visit.expect(get("/api/articles?favorited=ada"), 200).await;
    assert_eq!(list, json!({ "articles": [], "articlesCount": 0 }));

    for _ in 0..2 {
        let article = visit.expect(by(&reader, delete(FAVORITE)), 200).await;
        assert_eq!(of(&article), (&json!(false), &json!(1)));
    }
    let list = visit.expect(get("/api/articles?favorited=reader"), 200).await;
    assert_eq!(list, json!({ "articles": [], "articlesCount": 0 }));

    // An article that goes takes its favourites along.
    visit.done(by(&poet, delete("/api/articles/much-loved"))).await;
    let list = visit.expect(get("/api/articles?favorited=poet"), 200).await;
    assert_eq!(list, json!({ "articles": [], "articlesCount": 0 }));
}

fn of(body: &Value) -> (&Value, &Value) {
    (&body["article"]["favorited"], &body["article"]["favoritesCount"])
}
