//! What others may ask of the service.

use seam::prelude::*;

use crate::Invalid;
use crate::articles::ArticleError;
use crate::profiles::{Profile, ProfileError};
use crate::users::{Token, UserError};

/// The id of a comment: counted from 1, and never given twice.
pub type CommentId = u64;

/// What is said of articles.
#[seam::contract(name = "comments", version = "1.0")]
pub trait Comments {
    /// Says something.
    #[call(http = "POST /api/articles/{slug}/comments", header(token = "Authorization"))]
    async fn add(
        &self,
        token: Token,
        slug: String,
        comment: Draft,
    ) -> Result<CommentBody, CommentError>;

    /// All that was said, oldest first.
    #[call(http = "GET /api/articles/{slug}/comments", header(token = "Authorization"))]
    async fn list(&self, token: Token, slug: String) -> Result<CommentList, CommentError>;

    /// Takes a comment back.
    #[call(
        http = "DELETE /api/articles/{slug}/comments/{id}",
        status = 204,
        header(token = "Authorization")
    )]
    async fn remove(&self, token: Token, slug: String, id: CommentId) -> Result<(), CommentError>;
}

/// A new comment.
#[seam::message]
#[derive(Default)]
#[serde(default)]
pub struct Draft {
    pub body: String,
}

/// A comment.
#[seam::message]
pub struct Comment {
    pub id: CommentId,
    pub created_at: String,
    pub updated_at: String,
    pub body: String,
    pub author: Profile,
}

/// A comment's answer.
#[seam::message]
pub struct CommentBody {
    pub comment: Comment,
}

/// The comments on an article.
#[seam::message]
pub struct CommentList {
    pub comments: Vec<Comment>,
}

/// Why there is no such comment.
#[seam::error]
pub enum CommentError {
    /// there is no such comment on this article
    #[error(status = 404)]
    CommentNotFound,
    /// this is somebody else's comment
    #[error(status = 403)]
    NotYourComment,
    /// a field isn't right
    #[error(from)]
    Invalid(Invalid),
    /// an error of `users`
    #[error(from)]
    User(UserError),
    /// an error of `profiles`
    #[error(from)]
    Profile(ProfileError),
    /// an error of `articles`
    #[error(from)]
    Article(ArticleError),
    /// the store failed
    #[error(store)]
    Store(StoreFailure),
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
