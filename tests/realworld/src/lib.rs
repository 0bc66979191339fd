//! The public RealWorld API ("Conduit"), as four services. Which of them run in which process is up
//! to `app.toml`.
//!
//! ```text
//! comments ──▶ articles ──▶ profiles ──▶ users
//! ```
//!
//! | service | routes | keeps |
//! | --- | --- | --- |
//! | [`users`] | registration, login, the current user | accounts; it alone reads tokens |
//! | [`profiles`] | profiles, following | who follows whom |
//! | [`articles`] | articles, feed, favourites, tags | articles and their favourites |
//! | [`comments`] | comments | comments |
//!
//! Each method writes in one transaction at most, so that none needs to be `complete`: a caller that
//! goes away leaves nothing done by half.

#![expect(
    missing_docs,
    reason = "fields are named by the API's specification, which says what they are"
)]

pub mod articles;
pub mod comments;
mod invalid;
pub mod profiles;
pub mod users;

pub use self::invalid::Invalid;
use seam::{App, ProblemReport, Shaped};
use serde_json::{Value, json};

/// The four services, ready to be started in any topology.
pub fn app() -> App {
    App::new("realworld")
        .problems(errors)
        .errors(errors)
        .service::<users::UserService>()
        .service::<profiles::ProfileService>()
        .service::<articles::ArticleService>()
        .service::<comments::CommentService>()
}

/// Errors as the API has them: by the field that is wrong, or else under `body`.
fn errors(problem: &ProblemReport<'_>) -> Shaped {
    let field = problem.members.get("field").and_then(Value::as_str).unwrap_or("body");
    Shaped::json(problem.status, &json!({ "errors": { field: [problem.detail] } }))
}

/// The time, as the API writes it: `2016-02-18T03:22:56.637Z`.
fn now() -> String {
    chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
