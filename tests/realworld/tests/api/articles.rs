//! One article: written, read, changed, taken away.

use seam_tests::http::{Request, delete, get, post, put};
use serde_json::{Value, json};

use crate::visit::{Visit, by};

pub(crate) async fn scenario(visit: &mut Visit) {
    let writer = visit.register("writer").await;
    let other = visit.register("other").await;

    visit.needs_token(post("/api/articles", &dragon())).await;
    for field in ["title", "description", "body"] {
        let mut article = dragon();
        article["article"][field] = "".into();
        let why = visit.refused(by(&writer, post("/api/articles", &article)), 422, field).await;
        assert_eq!(why, "can't be blank");
        article["article"].as_object_mut().unwrap().remove(field);
        visit.refused(by(&writer, post("/api/articles", &article)), 422, field).await;
    }

    let article = visit.expect(by(&writer, post("/api/articles", &dragon())), 201).await;
    let at = |what: &str| article["article"][what].clone();
    let expected = json!({ "article": {
        "slug": "how-to-train-your-dragon",
        "title": "How to train your dragon",
        "description": "Ever wonder how?",
        "body": "Very carefully.",
        "tagList": ["dragons", "training"],
        "createdAt": at("createdAt"),
        "updatedAt": at("createdAt"),
        "favorited": false,
        "favoritesCount": 0,
        "author": { "username": "writer", "bio": null, "image": null, "following": false },
    } });
    assert_eq!(article, expected);
    for request in [get(DRAGON), by(&writer, get(DRAGON)), by(&other, get(DRAGON))] {
        assert_eq!(visit.expect(request, 200).await, article);
    }
    let forged = get(DRAGON).header("Authorization", "Token nonsense");
    visit.refused(forged, 401, "body").await;
    visit.refused(get("/api/articles/no-such-article"), 404, "body").await;

    authors(visit, &other).await;
    updates(visit, &writer, &other, &article).await;
    slugs(visit, &writer).await;

    visit.needs_token(delete(DRAGON)).await;
    visit.refused(by(&other, delete(DRAGON)), 403, "body").await;
    visit.refused(by(&writer, delete("/api/articles/no-such-article")), 404, "body").await;
    visit.done(by(&writer, delete(DRAGON))).await;
    visit.refused(get(DRAGON), 404, "body").await;
    visit.refused(by(&writer, delete(DRAGON)), 404, "body").await;
    // What an article was called is free again.
    let again = visit.expect(by(&writer, post("/api/articles", &dragon())), 201).await;
    assert_eq!(again["article"]["slug"], "how-to-train-your-dragon");
    visit.done(by(&writer, delete(DRAGON))).await;
}

/// An article's author is seen by who asks.
async fn authors(visit: &mut Visit, other: &str) {
    visit.expect(by(other, post("/api/profiles/writer/follow", &json!({}))), 200).await;
    for (request, following) in [(get(DRAGON), false), (by(other, get(DRAGON)), true)] {
        let article = visit.expect(request, 200).await;
        assert_eq!(article["article"]["author"]["following"], following);
    }
    visit.expect(by(other, delete("/api/profiles/writer/follow")), 200).await;
}

async fn updates(visit: &mut Visit, writer: &str, other: &str, article: &Value) {
    let body = json!({ "body": "With two hands" });
    visit.needs_token(update(DRAGON, body.clone())).await;
    visit.refused(by(other, update(DRAGON, body.clone())), 403, "body").await;
    visit.refused(by(writer, update("/api/articles/none", body.clone())), 404, "body").await;
    for field in ["title", "description", "body"] {
        visit.refused(by(writer, update(DRAGON, json!({ field: "" }))), 422, field).await;
    }

    let updated = visit.expect(by(writer, update(DRAGON, body)), 200).await;
    let mut expected = article.clone();
    expected["article"]["body"] = "With two hands".into();
    expected["article"]["updatedAt"] = updated["article"]["updatedAt"].clone();
    assert_eq!(updated, expected, "what isn't said stays");
    let times = ["createdAt", "updatedAt"].map(|time| updated["article"][time].to_string());
    assert!(times[0] < times[1], "{times:?}");
    assert_eq!(visit.expect(get(DRAGON), 200).await, updated);

    // Another title is another slug; the same one keeps it.
    let title = json!({ "title": "How to train your dragon" });
    let updated = visit.expect(by(writer, update(DRAGON, title)), 200).await;
    assert_eq!(updated["article"]["slug"], "how-to-train-your-dragon");
    let title = json!({ "title": "Did you train your dragon?", "description": "Well?" });
    let updated = visit.expect(by(writer, update(DRAGON, title)), 200).await;
    assert_eq!(updated["article"]["slug"], "did-you-train-your-dragon");
    assert_eq!(updated["article"]["description"], "Well?");
    visit.refused(get(DRAGON), 404, "body").await;
    visit.expect(get("/api/articles/did-you-train-your-dragon"), 200).await;
    let title = json!({ "title": "How to train your dragon" });
    let back = update("/api/articles/did-you-train-your-dragon", title);
    let updated = visit.expect(by(writer, back), 200).await;
    assert_eq!(updated["article"]["slug"], "how-to-train-your-dragon");
}

/// Every article has a slug of its own, one that leads to it.
async fn slugs(visit: &mut Visit, writer: &str) {
    let mut slugs = Vec::new();
    // The second title is taken, the third is the path of the feed, the fourth has no letters.
    for title in ["Über Schlösser", "How to train your dragon", "Feed", "?!"] {
        let article = json!({ "article": { "title": title, "description": "d", "body": "b" } });
        let article = visit.expect(by(writer, post("/api/articles", &article)), 201).await;
        assert_eq!(article["article"]["tagList"], json!([]));
        let slug = article["article"]["slug"].as_str().unwrap().to_owned();
        let path = format!("/api/articles/{slug}");
        assert_eq!(visit.expect(get(&path), 200).await, article, "{slug}");
        slugs.push(slug);
    }
    assert_eq!(slugs[0], "uber-schlosser");
    slugs.iter().for_each(|slug| assert!(slug.is_ascii() && !slug.is_empty(), "{slug}"));
    for slug in slugs {
        visit.done(by(writer, delete(&format!("/api/articles/{slug}")))).await;
    }
}

const DRAGON: &str = "/api/articles/how-to-train-your-dragon";

fn dragon() -> Value {
    json!({ "article": {
        "title": "How to train your dragon",
        "description": "Ever wonder how?",
        "body": "Very carefully.",
        "tagList": ["training", "dragons"],
    } })
}

fn update(path: &str, article: Value) -> Request {
    put(path, &json!({ "article": article }))
}
