//! Comments on articles.

use seam_tests::http::{delete, get, post};
use serde_json::json;

use crate::visit::{Visit, by};

const COMMENTS: &str = "/api/articles/much-said/comments";

pub(crate) async fn scenario(visit: &mut Visit) {
    let host = visit.register("host").await;
    let guest = visit.register("guest").await;
    for title in ["Much said", "Little said"] {
        let article = json!({ "article": { "title": title, "description": "d", "body": "b" } });
        visit.expect(by(&host, post("/api/articles", &article)), 201).await;
    }
    let comment = |body: &str| post(COMMENTS, &json!({ "comment": { "body": body } }));

    visit.needs_token(comment("Hear, hear")).await;
    visit.refused(by(&guest, comment(" ")), 422, "body").await;
    visit.refused(by(&guest, post(COMMENTS, &json!({ "comment": {} }))), 422, "body").await;
    let none = "/api/articles/no-such-article/comments";
    let nowhere = post(none, &json!({ "comment": { "body": "Hear, hear" } }));
    visit.refused(by(&guest, nowhere), 404, "body").await;
    visit.refused(get(none), 404, "body").await;
    assert_eq!(visit.expect(get(COMMENTS), 200).await, json!({ "comments": [] }));

    let mut written = Vec::new();
    for (token, name, text) in
        [(&guest, "guest", "Thank you so much!"), (&host, "host", "You are welcome.")]
    {
        let body = visit.expect(by(token, comment(text)), 200).await;
        let at = |what: &str| body["comment"][what].clone();
        assert!(at("id").is_u64(), "{body}");
        let author = json!({ "username": name, "bio": null, "image": null, "following": false });
        let expected = json!({
            "id": at("id"),
            "createdAt": at("createdAt"),
            "updatedAt": at("createdAt"),
            "body": text,
            "author": author,
        });
        assert_eq!(body["comment"], expected);
        written.push(expected);
    }
    for request in [get(COMMENTS), by(&guest, get(COMMENTS))] {
        assert_eq!(visit.expect(request, 200).await, json!({ "comments": written }));
    }
    visit.expect(by(&guest, post("/api/profiles/host/follow", &json!({}))), 200).await;
    let seen = visit.expect(by(&guest, get(COMMENTS)), 200).await;
    assert_eq!(seen["comments"][0]["author"]["following"], false);
    assert_eq!(seen["comments"][1]["author"]["following"], true);
    let forged = get(COMMENTS).header("Authorization", "Token nonsense");
    visit.refused(forged, 401, "body").await;

    let mine = format!("{COMMENTS}/{}", written[0]["id"]);
    visit.needs_token(delete(&mine)).await;
    visit.refused(by(&host, delete(&mine)), 403, "body").await;
    let elsewhere = format!("/api/articles/little-said/comments/{}", written[0]["id"]);
    visit.refused(by(&guest, delete(&elsewhere)), 404, "body").await;
    visit.refused(by(&guest, delete(&format!("{none}/1"))), 404, "body").await;
    visit.refused(by(&guest, delete(&format!("{COMMENTS}/4711"))), 404, "body").await;
    visit.refused(by(&guest, delete(&format!("{COMMENTS}/first"))), 400, "body").await;
    visit.done(by(&guest, delete(&mine))).await;
    visit.refused(by(&guest, delete(&mine)), 404, "body").await;
    let rest = visit.expect(get(COMMENTS), 200).await;
    assert_eq!(rest, json!({ "comments": [written[1]] }));

    // An article that goes takes its comments along, also for its successor of the same name.
    visit.done(by(&host, delete("/api/articles/much-said"))).await;
    visit.refused(get(COMMENTS), 404, "body").await;
    let article = json!({ "article": { "title": "Much said", "description": "d", "body": "b" } });
    visit.expect(by(&host, post("/api/articles", &article)), 201).await;
    assert_eq!(visit.expect(get(COMMENTS), 200).await, json!({ "comments": [] }));
    for slug in ["much-said", "little-said"] {
        visit.done(by(&host, delete(&format!("/api/articles/{slug}")))).await;
    }
}
