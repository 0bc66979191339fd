//! What others may ask of the service.

use std::collections::BTreeSet;

use seam::prelude::*;

use crate::Invalid;
use crate::profiles::{Profile, ProfileError};
use crate::users::{Token, UserError};

/// The id of an article: counted from 1, and never given twice.
pub type ArticleId = u64;

/// What was written.
#[seam::contract(name = "articles", version = "1.0")]
pub trait Articles {
    /// The newest articles: with this tag, by this author, and a favourite of this user.
    #[call(http = "GET /api/articles", header(token = "Authorization"))]
    async fn list(&self, token: Token, wanted: Wanted) -> Result<ArticleList, ArticleError>;

    /// The newest articles by those whom the user follows.
    #[call(http = "GET /api/articles/feed", header(token = "Authorization"))]
    async fn feed(&self, token: Token, page: Page) -> Result<ArticleList, ArticleError>;

    /// One article.
    #[call(http = "GET /api/articles/{slug}", header(token = "Authorization"))]
    async fn get(&self, token: Token, slug: String) -> Result<ArticleBody, ArticleError>;

    /// Writes an article.
    #[call(http = "POST /api/articles", status = 201, header(token = "Authorization"))]
    async fn create(&self, token: Token, article: Draft) -> Result<ArticleBody, ArticleError>;

    /// Changes what is said, and leaves the rest. Another title is another slug.
    #[call(http = "PUT /api/articles/{slug}", header(token = "Authorization"))]
    async fn update(
        &self,
        token: Token,
        slug: String,
        article: Change,
    ) -> Result<ArticleBody, ArticleError>;

    /// Takes an article away.
    #[call(http = "DELETE /api/articles/{slug}", status = 204, header(token = "Authorization"))]
    async fn remove(&self, token: Token, slug: String) -> Result<(), ArticleError>;

    /// Makes an article a favourite.
    #[call(http = "POST /api/articles/{slug}/favorite", header(token = "Authorization"))]
    async fn favorite(&self, token: Token, slug: String) -> Result<ArticleBody, ArticleError>;

    /// Makes an article a favourite no longer.
    #[call(http = "DELETE /api/articles/{slug}/favorite", header(token = "Authorization"))]
    async fn unfavorite(&self, token: Token, slug: String) -> Result<ArticleBody, ArticleError>;

    /// The tags that articles have.
    #[call(http = "GET /api/tags")]
    async fn tags(&self) -> Result<TagList, ArticleError>;

    /// Which article has this slug.
    async fn find(&self, slug: String) -> Result<ArticleId, ArticleError>;
}

/// Which articles are wanted: with this tag, by this author, and a favourite of this user.
#[seam::message]
pub struct Wanted {
    pub tag: Option<String>,
    pub author: Option<String>,
    pub favorited: Option<String>,
    pub limit: Option<u32>,
    pub offset: Option<u32>,
}

/// Which part of a list is wanted.
#[seam::message]
pub struct Page {
    /// At most so many: 20, unless it says so, and 100 at most.
    pub limit: Option<u32>,
    /// Without the first so many.
    pub offset: Option<u32>,
}

/// A new article.
#[seam::message]
#[derive(Default)]
#[serde(default)]
pub struct Draft {
    pub title: String,
    pub description: String,
    pub body: String,
    pub tag_list: BTreeSet<String>,
}

/// What is to be another than it was.
#[seam::message]
pub struct Change {
    pub title: Option<String>,
    pub description: Option<String>,
    pub body: Option<String>,
}

/// An article as somebody sees it.
#[seam::message]
pub struct Article {
    pub slug: String,
    pub title: String,
    pub description: String,
    /// Not in lists.
    #[json(skip_if_none)]
    pub body: Option<String>,
    pub tag_list: BTreeSet<String>,
    pub created_at: String,
    pub updated_at: String,
    pub favorited: bool,
    pub favorites_count: u64,
    pub author: Profile,
}

/// An article's answer.
#[seam::message]
pub struct ArticleBody {
    pub article: Article,
}

/// Some articles, newest first.
#[seam::message]
pub struct ArticleList {
    pub articles: Vec<Article>,
    /// How many there are in all.
    pub articles_count: u64,
}

/// Tags.
#[seam::message]
pub struct TagList {
    pub tags: Vec<String>,
}

/// Why there is no such article.
#[seam::error]
pub enum ArticleError {
    /// there is no such article
    #[error(status = 404)]
    ArticleNotFound,
    /// this is somebody else's article
    #[error(status = 403)]
    NotYourArticle,
    /// a field isn't right
    #[error(from)]
    Invalid(Invalid),
    /// an error of `users`
    #[error(from)]
    User(UserError),
    /// an error of `profiles`
    #[error(from)]
    Profile(ProfileError),
    /// the store failed
    #[error(store)]
    Store(StoreFailure),
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
