//! The tables, and the transactions over them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use seam::prelude::*;
use serde::{Deserialize, Serialize};

use super::contract::*;
use crate::now;
use crate::users::UserId;

/// All articles, and whatever finds them.
#[derive(Debug, Clone)]
pub(super) struct Shelf {
    articles: Table<ArticleId, Row>,
    by_slug: Unique<String, ArticleId, Row>,
    listed: Index<List, ArticleId, Row>,
    likes: Table<(ArticleId, UserId), Like>,
    liked: Index<(UserId, List), (ArticleId, UserId), Like>,
    /// How many articles have a tag.
    tags: Table<String, u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Row {
    pub(super) author: UserId,
    pub(super) slug: String,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) body: String,
    pub(super) tags: BTreeSet<String>,
    pub(super) created_at: String,
    pub(super) updated_at: String,
    pub(super) likes: u64,
}

/// Somebody's favourite, and what of it never changes, so that it is found by that.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Like {
    author: UserId,
    tags: BTreeSet<String>,
}

pub(super) type Entry = (ArticleId, Row);
/// Some articles, and how many there are in all.
pub(super) type Part = (Vec<Entry>, u64);
/// Of one tag or of all, by one author or by all.
type List = (Option<String>, Option<UserId>);
pub(super) type Found<T> = Result<T, ArticleError>;

impl Shelf {
    pub(super) fn open(store: &Store) -> Result<Self, StoreError> {
        let articles = store.table("articles")?;
        let likes = store.table("likes")?;
        Ok(Self {
            by_slug: articles.unique("slug", |_, row: &Row| row.slug.clone())?,
            listed: articles.index_each("listed", |_, row: &Row| lists(&row.tags, row.author))?,
            liked: likes.index_each("liked", |(_, fan): &(_, UserId), like: &Like| {
                let fan = *fan;
                lists(&like.tags, like.author).map(move |list| (fan, list))
            })?,
            articles,
            likes,
            tags: store.table("tags")?,
        })
    }

    pub(super) async fn find(&self, slug: String) -> Found<Entry> {
        self.by_slug.get(&slug).await?.ok_or(ArticleError::ArticleNotFound)
    }

    pub(super) async fn tags(&self) -> Found<Vec<String>> {
        let tags = self.tags.scan(Keys::all()).await?;
        Ok(tags.into_iter().map(|(tag, _)| tag).collect())
    }

    /// Which of these a user likes.
    pub(super) async fn favorites(&self, fan: UserId, of: &[Entry]) -> Found<Vec<bool>> {
        let keys: Vec<_> = of.iter().map(|(id, _)| (*id, fan)).collect();
        let likes = self.likes.get_many(&keys).await?;
        Ok(likes.into_iter().map(|like| like.is_some()).collect())
    }

    /// The newest that are on this list, and liked by this fan.
    pub(super) async fn list(&self, list: List, fan: Option<UserId>, page: Page) -> Found<Part> {
        let (skip, take) = part(page);
        let Some(fan) = fan else {
            let keys = Keys::prefix(&list);
            let rows = self.listed.scan(keys.clone().rev().skip(skip).take(take)).await?;
            return Ok((rows, self.listed.count_in(keys).await?));
        };
        let keys = Keys::prefix(&(fan, list));
        let likes = self.liked.scan(keys.clone().rev().skip(skip).take(take)).await?;
        let ids: Vec<_> = likes.into_iter().map(|((id, _), _)| id).collect();
        let rows = ids.iter().copied().zip(self.articles.get_many(&ids).await?);
        let rows = rows.filter_map(|(id, row)| Some((id, row?))).collect();
        Ok((rows, self.liked.count_in(keys).await?))
    }

    /// The newest by any of these authors.
    pub(super) async fn feed(&self, authors: Vec<UserId>, page: Page) -> Found<Part> {
        let (mut rows, mut count) = (Vec::new(), 0);
        let (skip, take) = part(page);
        let first = skip.saturating_add(take);
        for author in authors {
            let list: List = (None, Some(author));
            let keys = Keys::prefix(&list);
            rows.extend(self.listed.scan(keys.clone().rev().take(first)).await?);
            count += self.listed.count_in(keys).await?;
        }
        rows.sort_by_key(|(id, _)| Reverse(*id));
        Ok((rows.into_iter().skip(skip).take(take).collect(), count))
    }

    pub(super) async fn add(&self, author: UserId, draft: Draft) -> Found<Entry> {
        let shelf = self.clone();
        let add = self.articles.store().transaction(move |tx| {
            let id = tx.next_id(&shelf.articles)?;
            let now = now();
            let row = Row {
                author,
                slug: shelf.slug(tx, id, &draft.title)?,
                title: draft.title,
                description: draft.description,
                body: draft.body,
                tags: draft.tag_list,
                created_at: now.clone(),
                updated_at: now,
                likes: 0,
            };
            for tag in &row.tags {
                let count = tx.get(&shelf.tags, tag)?.unwrap_or(0) + 1;
                tx.insert(&shelf.tags, tag, &count)?;
            }
            tx.insert(&shelf.articles, &id, &row)?;
            Ok::<_, StoreError>((id, row))
        });
        Ok(add.await?)
    }

    /// Changes an article of this author's.
    pub(super) async fn change(
        &self,
        id: ArticleId,
        author: UserId,
        change: Change,
    ) -> Found<Entry> {
        let shelf = self.clone();
        let change = self.articles.store().transaction(move |tx| {
            let mut row = shelf.of(tx, id, author)?;
            if let Some(title) = change.title.filter(|title| *title != row.title) {
                row.slug = shelf.slug(tx, id, &title)?;
                row.title = title;
            }
            row.description = change.description.unwrap_or(row.description);
            row.body = change.body.unwrap_or(row.body);
            row.updated_at = now();
            tx.insert(&shelf.articles, &id, &row)?;
            Ok::<_, ArticleError>((id, row))
        });
        Ok(change.await?)
    }

    /// Removes an article of this author's, with all that leads to it.
    pub(super) async fn remove(&self, id: ArticleId, author: UserId) -> Found<()> {
        let shelf = self.clone();
        let remove = self.articles.store().transaction(move |tx| {
            for tag in shelf.of(tx, id, author)?.tags {
                if tx.update(&shelf.tags, &tag, |count| *count -= 1)? == Some(0) {
                    tx.remove(&shelf.tags, &tag)?;
                }
            }
            for (like, _) in tx.scan(&shelf.likes, Keys::prefix(&id))? {
                tx.remove(&shelf.likes, &like)?;
            }
            tx.remove(&shelf.articles, &id)?;
            Ok::<_, ArticleError>(())
        });
        Ok(remove.await?)
    }

    /// Makes an article a user's favourite, or no longer.
    pub(super) async fn like(&self, id: ArticleId, fan: UserId, liked: bool) -> Found<Entry> {
        let shelf = self.clone();
        let like = self.articles.store().transaction(move |tx| {
            let row = tx.get(&shelf.articles, &id)?;
            let mut row = row.ok_or(ArticleError::ArticleNotFound)?;
            match (tx.get(&shelf.likes, &(id, fan))?, liked) {
                (None, true) => {
                    let like = Like { author: row.author, tags: row.tags.clone() };
                    tx.insert(&shelf.likes, &(id, fan), &like)?;
                    row.likes += 1;
                }
                (Some(_), false) => {
                    tx.remove(&shelf.likes, &(id, fan))?;
                    row.likes -= 1;
                }
                _ => return Ok((id, row)),
            }
            tx.insert(&shelf.articles, &id, &row)?;
            Ok::<_, ArticleError>((id, row))
        });
        Ok(like.await?)
    }

    /// The article, if it is this author's.
    fn of(&self, tx: &Transaction, id: ArticleId, author: UserId) -> Found<Row> {
        let row = tx.get(&self.articles, &id)?.ok_or(ArticleError::ArticleNotFound)?;
        if row.author == author { Ok(row) } else { Err(ArticleError::NotYourArticle) }
    }

    /// A slug for this title that leads to no other article, and isn't the path of the feed.
    fn slug(&self, tx: &Transaction, id: ArticleId, title: &str) -> Result<String, StoreError> {
        let slug = slug::slugify(title);
        let free = !slug.is_empty() && slug != "feed" && tx.find(&self.by_slug, &slug)?.is_none();
        Ok(if free { slug } else { format!("{slug}-{id}").trim_start_matches('-').to_owned() })
    }
}

/// How many to skip and to take.
fn part(Page { limit, offset }: Page) -> (usize, usize) {
    (offset.unwrap_or(0) as usize, limit.unwrap_or(20).min(100) as usize)
}

/// The lists that an article is on.
fn lists(tags: &BTreeSet<String>, author: UserId) -> impl Iterator<Item = List> + use<> {
    let tags: Vec<_> = tags.iter().cloned().map(Some).chain([None]).collect();
    tags.into_iter().flat_map(move |tag| [(tag.clone(), None), (tag, Some(author))])
}
