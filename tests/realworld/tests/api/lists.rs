//! Lists of articles, the feed, and tags: what is in them, in which order, and what survives a
//! restart.

use seam_tests::http::{delete, get, post};
use serde_json::{Value, json};

use crate::visit::{Visit, by};

pub(crate) async fn scenario(visit: &mut Visit) {
    let empty = json!({ "articles": [], "articlesCount": 0 });
    assert_eq!(visit.expect(get("/api/articles"), 200).await, empty);
    assert_eq!(visit.expect(get("/api/tags"), 200).await, json!({ "tags": [] }));

    let ann = visit.register("ann").await;
    let ben = visit.register("ben").await;
    let cat = visit.register("cat").await;
    for (author, number, tags) in [
        (&ann, 1, json!(["even", "odd"])),
        (&ben, 2, json!(["even"])),
        (&ann, 3, json!(["odd", "prime"])),
        (&ben, 4, json!(["even"])),
        (&cat, 5, json!(["odd", "prime", "odd"])),
    ] {
        let title = format!("Number {number}");
        let article = json!({
            "title": title, "description": "d", "body": "b", "tagList": tags,
        });
        let article = post("/api/articles", &json!({ "article": article }));
        visit.expect(by(author, article), 201).await;
    }
    for number in [1, 4, 5] {
        let path = format!("/api/articles/number-{number}/favorite");
        visit.expect(by(&cat, post(&path, &json!({}))), 200).await;
    }
    visit.expect(by(&cat, post("/api/articles/number-2/favorite", &json!({}))), 200).await;
    visit.expect(by(&cat, delete("/api/articles/number-2/favorite")), 200).await;

    form(visit, &cat).await;
    filters(visit).await;
    feed(visit, &ann, &ben, &cat).await;
    tags(visit, &cat).await;

    let before = visit.expect(by(&cat, get("/api/articles")), 200).await;
    visit.restart().await;
    assert_eq!(visit.expect(by(&cat, get("/api/articles")), 200).await, before);
    let feed = visit.expect(by(&ann, get("/api/articles/feed")), 200).await;
    assert_eq!(numbers(&feed), [4, 2]);
    assert_eq!(
        visit.expect(get("/api/tags"), 200).await,
        json!({ "tags": ["even", "odd", "prime"] })
    );
    visit.expect(by(&cat, get("/api/user")), 200).await;
}

/// An article in a list is as it is alone, but for its body.
async fn form(visit: &mut Visit, cat: &str) {
    let list = visit.expect(by(cat, get("/api/articles?tag=prime")), 200).await;
    let mut alone = visit.expect(by(cat, get("/api/articles/number-5")), 200).await;
    assert_eq!(alone["article"]["tagList"], json!(["odd", "prime"]));
    alone["article"].as_object_mut().unwrap().remove("body");
    assert_eq!(list["articles"][0], alone["article"]);
    assert_eq!(list["articles"][0]["favorited"], true);
    let anonymous = visit.expect(get("/api/articles?tag=prime"), 200).await;
    assert_eq!(anonymous["articles"][0]["favorited"], false);
    let forged = get("/api/articles").header("Authorization", "Token nonsense");
    visit.refused(forged, 401, "body").await;
}

async fn filters(visit: &mut Visit) {
    for (query, expected, count) in [
        ("", &[5, 4, 3, 2, 1][..], 5),
        ("?limit=2", &[5, 4], 5),
        ("?limit=2&offset=2", &[3, 2], 5),
        ("?offset=4", &[1], 5),
        ("?offset=5", &[], 5),
        ("?limit=0", &[], 5),
        ("?tag=even", &[4, 2, 1], 3),
        ("?tag=even&limit=1&offset=1", &[2], 3),
        ("?tag=none", &[], 0),
        ("?author=ann", &[3, 1], 2),
        ("?author=ann&offset=1", &[1], 2),
        ("?author=nobody", &[], 0),
        ("?favorited=cat", &[5, 4, 1], 3),
        ("?favorited=cat&limit=1&offset=2", &[1], 3),
        ("?favorited=ann", &[], 0),
        ("?favorited=nobody", &[], 0),
        ("?tag=odd&author=ann", &[3, 1], 2),
        ("?tag=even&favorited=cat", &[4, 1], 2),
        ("?author=cat&favorited=cat", &[5], 1),
        ("?tag=odd&author=ann&favorited=cat", &[1], 1),
        ("?tag=prime&author=ben", &[], 0),
    ] {
        let list = visit.expect(get(&format!("/api/articles{query}")), 200).await;
        assert_eq!(numbers(&list), expected, "{query}");
        assert_eq!(list["articlesCount"], count, "{query}");
    }
    for query in ["limit=x", "limit=-1", "offset=1.5"] {
        visit.refused(get(&format!("/api/articles?{query}")), 400, "body").await;
    }
}

async fn feed(visit: &mut Visit, ann: &str, ben: &str, cat: &str) {
    visit.needs_token(get("/api/articles/feed")).await;
    let feed = visit.expect(by(ann, get("/api/articles/feed")), 200).await;
    assert_eq!(feed, json!({ "articles": [], "articlesCount": 0 }));
    visit.expect(by(ann, post("/api/profiles/ben/follow", &json!({}))), 200).await;
    for name in ["ann", "cat"] {
        let follow = post(&format!("/api/profiles/{name}/follow"), &json!({}));
        visit.expect(by(ben, follow), 200).await;
    }
    for (token, query, expected, count) in [
        (ann, "", &[4, 2][..], 2),
        (ben, "", &[5, 3, 1], 3),
        (ben, "?limit=1", &[5], 3),
        (ben, "?limit=1&offset=1", &[3], 3),
        (ben, "?offset=3", &[], 3),
        (cat, "", &[], 0),
    ] {
        let feed = visit.expect(by(token, get(&format!("/api/articles/feed{query}"))), 200).await;
        assert_eq!(numbers(&feed), expected, "{query}");
        assert_eq!(feed["articlesCount"], count, "{query}");
        let following = |article: &Value| article["author"]["following"] == true;
        assert!(feed["articles"].as_array().unwrap().iter().all(following));
    }
}

/// A tag is there as long as an article has it.
async fn tags(visit: &mut Visit, cat: &str) {
    let tags = async |visit: &mut Visit| visit.expect(get("/api/tags"), 200).await["tags"].take();
    assert_eq!(tags(visit).await, json!(["even", "odd", "prime"]));
    let article = json!({
        "title": "Zero", "description": "d", "body": "b", "tagList": ["even", "neutral"],
    });
    visit.expect(by(cat, post("/api/articles", &json!({ "article": article }))), 201).await;
    assert_eq!(tags(visit).await, json!(["even", "neutral", "odd", "prime"]));
    visit.done(by(cat, delete("/api/articles/zero"))).await;
    assert_eq!(tags(visit).await, json!(["even", "odd", "prime"]));
}

/// Which articles there are, by the numbers in their slugs.
fn numbers(list: &Value) -> Vec<u64> {
    let slugs = list["articles"].as_array().unwrap().iter().map(|one| one["slug"].as_str());
    slugs.map(|slug| slug.unwrap().trim_start_matches("number-").parse().unwrap()).collect()
}
