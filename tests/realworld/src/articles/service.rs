//! The actor: who is asked for what, and how an article is seen.

use seam::prelude::*;

use super::contract::*;
use super::shelf::{Entry, Found, Part, Shelf};
use crate::invalid::filled;
use crate::profiles::ProfilesClient;
use crate::users::{NOBODY, Token, UserError, UserId, UsersClient};

/// Knows the articles.
#[derive(Debug)]
pub struct ArticleService {
    shelf: Shelf,
    users: UsersClient,
    profiles: ProfilesClient,
}

impl Actor for ArticleService {
    type Contract = ArticlesContract;
    type Config = ();
    type Needs = (UsersClient, ProfilesClient);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        let shelf = Shelf::open(&setup.store()?)?;
        Ok(Self { shelf, users: setup.client()?, profiles: setup.client()? })
    }
}

impl Articles for ArticleService {
    async fn list(&self, token: Token, wanted: Wanted) -> Found<ArticleList> {
        let Wanted { tag, author, favorited, limit, offset } = wanted;
        let viewer = self.users.viewer(token).await?;
        let (author, fan) = (self.id(author).await?, self.id(favorited).await?);
        let found = self.shelf.list((tag, author), fan, Page { limit, offset }).await?;
        self.articles(viewer, found).await
    }

    async fn feed(&self, token: Token, page: Page) -> Found<ArticleList> {
        let user = self.users.identify(token).await?;
        let authors = self.profiles.followed_by(user).await?;
        let found = self.shelf.feed(authors, page).await?;
        self.articles(user, found).await
    }

    async fn get(&self, token: Token, slug: String) -> Found<ArticleBody> {
        let viewer = self.users.viewer(token).await?;
        self.article(viewer, self.shelf.find(slug).await?).await
    }

    async fn create(&self, token: Token, article: Draft) -> Found<ArticleBody> {
        let author = self.users.identify(token).await?;
        filled("title", &article.title)?;
        filled("description", &article.description)?;
        filled("body", &article.body)?;
        self.article(author, self.shelf.add(author, article).await?).await
    }

    async fn update(&self, token: Token, slug: String, article: Change) -> Found<ArticleBody> {
        let user = self.users.identify(token).await?;
        let found = self.shelf.find(slug).await?;
        filled("title", &article.title)?;
        filled("description", &article.description)?;
        filled("body", &article.body)?;
        self.article(user, self.shelf.change(found.0, user, article).await?).await
    }

    async fn remove(&self, token: Token, slug: String) -> Found<()> {
        let user = self.users.identify(token).await?;
        let (id, _) = self.shelf.find(slug).await?;
        self.shelf.remove(id, user).await
    }

    async fn favorite(&self, token: Token, slug: String) -> Found<ArticleBody> {
        let user = self.users.identify(token).await?;
        let (id, _) = self.shelf.find(slug).await?;
        self.article(user, self.shelf.like(id, user, true).await?).await
    }

    async fn unfavorite(&self, token: Token, slug: String) -> Found<ArticleBody> {
        let user = self.users.identify(token).await?;
        let (id, _) = self.shelf.find(slug).await?;
        self.article(user, self.shelf.like(id, user, false).await?).await
    }

    async fn tags(&self) -> Found<TagList> {
        Ok(TagList { tags: self.shelf.tags().await? })
    }

    async fn find(&self, slug: String) -> Found<ArticleId> {
        Ok(self.shelf.find(slug).await?.0)
    }
}

impl ArticleService {
    /// Who has this name, if one is given. Of somebody who isn't there, there is nothing.
    async fn id(&self, name: Option<String>) -> Found<Option<UserId>> {
        let Some(name) = name else { return Ok(None) };
        match self.users.find(name).await {
            Ok(person) => Ok(Some(person.id)),
            Err(CallError::Service(UserError::UserNotFound)) => Ok(Some(NOBODY)),
            Err(other) => Err(other.into()),
        }
    }

    async fn article(&self, viewer: UserId, found: Entry) -> Found<ArticleBody> {
        let body = found.1.body.clone();
        let mut list = self.articles(viewer, (vec![found], 1)).await?;
        let article = list.articles.pop().ok_or(ArticleError::ArticleNotFound)?;
        Ok(ArticleBody { article: Article { body: Some(body), ..article } })
    }

    async fn articles(&self, viewer: UserId, (rows, articles_count): Part) -> Found<ArticleList> {
        let authors = rows.iter().map(|(_, row)| row.author).collect();
        let authors = self.profiles.seen_by(viewer, authors).await?;
        let favorites = self.shelf.favorites(viewer, &rows).await?;
        let article = |(((_, row), author), favorited): ((Entry, _), _)| Article {
            slug: row.slug,
            title: row.title,
            description: row.description,
            body: None,
            tag_list: row.tags,
            created_at: row.created_at,
            updated_at: row.updated_at,
            favorited,
            favorites_count: row.likes,
            author,
        };
        let articles = rows.into_iter().zip(authors).zip(favorites).map(article).collect();
        Ok(ArticleList { articles, articles_count })
    }
}
