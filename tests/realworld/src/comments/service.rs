//! The actor: a table of comments by article.

use seam::prelude::*;
use serde::{Deserialize, Serialize};

use super::contract::*;
use crate::articles::{ArticleId, ArticlesClient};
use crate::invalid::filled;
use crate::now;
use crate::profiles::{Profile, ProfilesClient};
use crate::users::{Token, UserError, UserId, UsersClient};

/// Knows what was said.
#[derive(Debug)]
pub struct CommentService {
    comments: Table<(ArticleId, CommentId), Row>,
    users: UsersClient,
    profiles: ProfilesClient,
    articles: ArticlesClient,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    author: UserId,
    body: String,
    created_at: String,
}

impl Actor for CommentService {
    type Contract = CommentsContract;
    type Config = ();
    type Needs = (UsersClient, ProfilesClient, ArticlesClient);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self {
            comments: setup.table("comments")?,
            users: setup.client()?,
            profiles: setup.client()?,
            articles: setup.client()?,
        })
    }
}

impl Comments for CommentService {
    async fn add(
        &self,
        token: Token,
        slug: String,
        comment: Draft,
    ) -> Result<CommentBody, CommentError> {
        let author = self.users.identify(token).await?;
        let article = self.articles.find(slug).await?;
        filled("body", &comment.body)?;
        let row = Row { author, body: comment.body, created_at: now() };
        let comments = self.comments.clone();
        let add = self.comments.store().transaction(move |tx| {
            let id = tx.next_id(&comments)?;
            tx.insert(&comments, &(article, id), &row)?;
            Ok::<_, StoreError>((id, row))
        });
        let (id, row) = add.await?;
        let profiles = self.profiles.seen_by(author, vec![author]).await?;
        let profile = profiles.into_iter().next().ok_or(UserError::UserNotFound)?;
        Ok(CommentBody { comment: seen(id, row, profile) })
    }

    async fn list(&self, token: Token, slug: String) -> Result<CommentList, CommentError> {
        let viewer = self.users.viewer(token).await?;
        let article = self.articles.find(slug).await?;
        let rows = self.comments.scan(Keys::prefix(&article)).await?;
        let authors = rows.iter().map(|(_, row)| row.author).collect();
        let authors = self.profiles.seen_by(viewer, authors).await?;
        let comments = rows.into_iter().zip(authors);
        let comments = comments.map(|(((_, id), row), author)| seen(id, row, author));
        Ok(CommentList { comments: comments.collect() })
    }

    async fn remove(&self, token: Token, slug: String, id: CommentId) -> Result<(), CommentError> {
        let user = self.users.identify(token).await?;
        let key = (self.articles.find(slug).await?, id);
        let row = self.comments.get(&key).await?.ok_or(CommentError::CommentNotFound)?;
        if row.author != user {
            return Err(CommentError::NotYourComment);
        }
        self.comments.clone().remove(&key).await?;
        Ok(())
    }
}

fn seen(id: CommentId, row: Row, author: Profile) -> Comment {
    let Row { body, created_at, .. } = row;
    Comment { id, updated_at: created_at.clone(), created_at, body, author }
}
