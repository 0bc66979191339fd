//! Profiles, and who follows whom.

use seam_tests::http::{delete, get, post};
use serde_json::{Value, json};

use crate::visit::{Visit, by};

pub(crate) async fn scenario(visit: &mut Visit) {
    let celeb = visit.register("celeb").await;
    let fan = visit.register("fan").await;

    for request in [get("/api/profiles/celeb"), by(&fan, get("/api/profiles/celeb"))] {
        assert_eq!(visit.expect(request, 200).await, profile("celeb", false));
    }
    let forged = get("/api/profiles/celeb").header("Authorization", "Token nonsense");
    visit.refused(forged, 401, "body").await;
    visit.refused(get("/api/profiles/nobody"), 404, "body").await;

    // Twice is as good as once. The public collection sends a body along.
    let follow = || {
        by(
            &fan,
            post("/api/profiles/celeb/follow", &json!({ "user": { "email": "fan@example.com" } })),
        )
    };
    for _ in 0..2 {
        assert_eq!(visit.expect(follow(), 200).await, profile("celeb", true));
    }
    let seen_by_fan = visit.expect(by(&fan, get("/api/profiles/celeb")), 200).await;
    assert_eq!(seen_by_fan, profile("celeb", true));
    for request in [get("/api/profiles/celeb"), by(&celeb, get("/api/profiles/celeb"))] {
        assert_eq!(visit.expect(request, 200).await, profile("celeb", false));
    }
    let seen_by_celeb = visit.expect(by(&celeb, get("/api/profiles/fan")), 200).await;
    assert_eq!(seen_by_celeb, profile("fan", false), "following isn't mutual");

    let unfollow = || by(&fan, delete("/api/profiles/celeb/follow"));
    for _ in 0..2 {
        assert_eq!(visit.expect(unfollow(), 200).await, profile("celeb", false));
    }

    visit.needs_token(post("/api/profiles/celeb/follow", &json!({}))).await;
    visit.needs_token(delete("/api/profiles/celeb/follow")).await;
    visit.refused(by(&fan, post("/api/profiles/nobody/follow", &json!({}))), 404, "body").await;
    visit.refused(by(&fan, delete("/api/profiles/nobody/follow")), 404, "body").await;
}

/// The profile of somebody who has said nothing of themselves.
fn profile(name: &str, following: bool) -> Value {
    let profile = json!({ "username": name, "bio": null, "image": null, "following": following });
    json!({ "profile": profile })
}
