//! Indexes: kept with their table, built on one that has rows, unique or not.

use seam_store::{Index, Keys, Store, StoreError, Table, TransactionError, Unique};
use serde::{Deserialize, Serialize};

use crate::scene::Scene;

on_every_engine! {
    rows_are_found_in_the_order_of_an_index,
    an_index_follows_its_rows,
    a_row_may_have_several_entries_or_none,
    a_unique_index_holds_against_every_way_of_writing,
    an_index_is_built_on_a_filled_table,
    an_index_that_nobody_kept_is_built_anew,
    a_unique_index_is_not_built_over_twins,
    an_index_of_other_keys_is_another,
    nothing_is_opened_within_a_transaction,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Article {
    author: u64,
    created: i64,
    slug: String,
    tags: Vec<String>,
}

fn article(author: u64, created: i64, slug: &str, tags: &[&str]) -> Article {
    let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
    Article { author, created, slug: slug.to_owned(), tags }
}

type ByAuthor = Index<(u64, i64), u64, Article>;

fn by_author(store: &Store) -> (Table<u64, Article>, ByAuthor) {
    let articles: Table<u64, Article> = store.table("articles").unwrap();
    let index = articles.index("by_author", |_, row| (row.author, row.created)).unwrap();
    (articles, index)
}

fn by_slug(store: &Store) -> (Table<u64, Article>, Unique<String, u64, Article>) {
    let articles: Table<u64, Article> = store.table("articles").unwrap();
    let index = articles.unique("by_slug", |_, row| row.slug.clone()).unwrap();
    (articles, index)
}

fn keys(rows: Vec<(u64, Article)>) -> Vec<u64> {
    rows.into_iter().map(|(key, _)| key).collect()
}

async fn rows_are_found_in_the_order_of_an_index(scene: Scene) {
    let (mut articles, by_author) = by_author(&scene.open());
    // Written in another order than they are found in; two at one time.
    for (id, author, created) in [(1, 7, 5), (2, 7, -3), (3, 8, 1), (4, 7, 5), (5, 7, 9)] {
        articles.insert(&id, &article(author, created, "", &[])).await.unwrap();
    }
    let scan = async |range| keys(by_author.scan(range).await.unwrap());
    assert_eq!(scan(Keys::prefix(&7_u64)).await, [2, 1, 4, 5]);
    assert_eq!(scan(Keys::prefix(&7_u64).rev().take(2)).await, [5, 4]);
    assert_eq!(scan(Keys::prefix(&7_u64).rev().skip(1).take(2)).await, [4, 1]);
    assert_eq!(scan(Keys::prefix(&7_u64).after(&((7, 5), 1))).await, [4, 5]);
    assert_eq!(scan(Keys::prefix(&(7_u64, 5_i64))).await, [1, 4]);
    assert_eq!(scan(Keys::between(&(7_u64, -3_i64), &(7_u64, 9_i64))).await, [2, 1, 4]);
    assert_eq!(scan(Keys::all()).await, [2, 1, 4, 5, 3]);
    assert_eq!(scan(Keys::prefix(&9_u64)).await, []);
    assert_eq!(by_author.count_in(Keys::prefix(&7_u64)).await, Ok(4));
}

async fn an_index_follows_its_rows(scene: Scene) {
    let store = scene.open();
    let (mut articles, by_author) = by_author(&store);
    articles.insert(&1, &article(7, 1, "", &[])).await.unwrap();
    articles.insert(&1, &article(8, 1, "", &[])).await.unwrap();
    let of = async |author: u64| keys(by_author.scan(Keys::prefix(&author)).await.unwrap());
    assert_eq!((of(7).await, of(8).await), (vec![], vec![1]));
    let changed = articles.update(&1, |row| row.author = 9).await.unwrap();
    assert_eq!(changed, Some(article(9, 1, "", &[])));
    assert_eq!((of(8).await, of(9).await), (vec![], vec![1]));
    assert_eq!(articles.update(&2, |row| row.author = 9).await, Ok(None));

    // Within a transaction, and not at all if that fails.
    let (inside, index) = (articles.clone(), by_author.clone());
    let failed = store.transaction(move |tx| {
        tx.insert(&inside, &2, &article(9, 0, "", &[]))?;
        let found = keys(tx.scan_by(&index, Keys::prefix(&9_u64))?);
        assert_eq!(found, [2, 1]);
        tx.remove(&inside, &1)?;
        assert_eq!(keys(tx.scan_by(&index, Keys::prefix(&9_u64).rev())?), [2]);
        Err::<(), _>(TransactionError::Aborted("no"))
    });
    assert_eq!(failed.await.unwrap_err().flatten(), TransactionError::Aborted("no"));
    assert_eq!(of(9).await, [1]);
    assert_eq!(articles.remove(&1).await, Ok(true));
    assert_eq!((of(9).await, articles.count().await), (vec![], Ok(0)));
}

async fn a_row_may_have_several_entries_or_none(scene: Scene) {
    let store = scene.open();
    let mut articles: Table<u64, Article> = store.table("articles").unwrap();
    let by_tag = articles.index_each("by_tag", |_, row| row.tags.clone()).unwrap();
    articles.insert(&1, &article(7, 1, "", &["a", "b"])).await.unwrap();
    articles.insert(&2, &article(7, 1, "", &["b", "b"])).await.unwrap();
    articles.insert(&3, &article(7, 1, "", &[])).await.unwrap();
    let of = async |tag: &str| keys(by_tag.scan(Keys::prefix(tag)).await.unwrap());
    assert_eq!((of("a").await, of("b").await, of("").await), (vec![1], vec![1, 2], vec![]));
    articles.update(&1, |row| row.tags = vec!["c".to_owned()]).await.unwrap();
    assert_eq!((of("a").await, of("b").await, of("c").await), (vec![], vec![2], vec![1]));
    assert_eq!(keys(by_tag.scan(Keys::starting("")).await.unwrap()), [2, 1]);
}

async fn a_unique_index_holds_against_every_way_of_writing(scene: Scene) {
    let store = scene.open();
    let (mut articles, by_slug) = by_slug(&store);
    articles.insert(&1, &article(7, 1, "one", &[])).await.unwrap();
    articles.insert(&1, &article(7, 2, "one", &[])).await.unwrap();
    let taken = StoreError::NotUnique { table: "articles".into(), index: "by_slug".into() };
    assert_eq!(taken.code(), "store_not_unique");
    assert!(taken.to_string().contains("`by_slug`"), "{taken}");
    let twin = article(8, 1, "one", &[]);
    assert_eq!(articles.insert(&2, &twin).await, Err(taken.clone()));
    articles.insert(&2, &article(8, 1, "two", &[])).await.unwrap();
    let renamed = articles.update(&2, |row| row.slug = "one".into());
    assert_eq!(renamed.await, Err(taken.clone()));
    // An operation that fails has no effect; the transaction may go on.
    let inside = articles.clone();
    let both = store.transaction(move |tx| {
        assert_eq!(tx.insert(&inside, &3, &twin), Err(taken));
        tx.remove(&inside, &1)?;
        tx.insert(&inside, &3, &twin)
    });
    both.await.unwrap();
    let found = by_slug.get(&"one".to_owned()).await.unwrap();
    assert_eq!(found.map(|(key, row)| (key, row.author)), Some((3, 8)));
    assert_eq!(by_slug.get(&"none".to_owned()).await, Ok(None));
    let index = by_slug.clone();
    let found = store.transaction(move |tx| tx.find(&index, &"two".to_owned())).await.unwrap();
    assert_eq!(found.map(|(key, _)| key), Some(2));
    assert_eq!(articles.count().await, Ok(2));
}

/// More rows than are entered in one step.
async fn filled(store: &Store) {
    let articles: Table<u64, Article> = store.table("articles").unwrap();
    let fill = store.transaction(move |tx| {
        (0..1200_u64).try_for_each(|id| {
            let created = -i64::try_from(id).unwrap();
            tx.insert(&articles, &id, &article(id % 3, created, &format!("slug {id}"), &[]))
        })
    });
    fill.await.unwrap();
}

async fn an_index_is_built_on_a_filled_table(scene: Scene) {
    let store = scene.open();
    filled(&store).await;
    for _ in 0..2 {
        let (_, by_author) = by_author(&store);
        let rows = keys(by_author.scan(Keys::prefix(&1_u64)).await.unwrap());
        assert_eq!(rows.len(), 400);
        assert!(rows.is_sorted_by(|a, b| a > b), "the newest has the smallest id");
    }
    let (_, by_slug) = by_slug(&store);
    let found = by_slug.get(&"slug 1199".to_owned()).await.unwrap();
    assert_eq!(found.map(|(key, _)| key), Some(1199));
}

async fn an_index_that_nobody_kept_is_built_anew(scene: Scene) {
    let store = scene.open();
    by_author(&store).0.insert(&1, &article(7, 1, "", &[])).await.unwrap();
    store.close().await.unwrap();
    // A program without the index writes.
    let store = scene.open();
    let mut articles: Table<u64, Article> = store.table("articles").unwrap();
    articles.insert(&2, &article(7, 2, "", &[])).await.unwrap();
    articles.remove(&1).await.unwrap();
    store.close().await.unwrap();
    let (_, by_author) = by_author(&scene.open());
    assert_eq!(keys(by_author.scan(Keys::all()).await.unwrap()), [2]);
    assert_eq!(by_author.count_in(Keys::all()).await, Ok(1), "no entry of old rows");
}

async fn a_unique_index_is_not_built_over_twins(scene: Scene) {
    let store = scene.open();
    let mut articles: Table<u64, Article> = store.table("articles").unwrap();
    for id in 0..2 {
        articles.insert(&id, &article(7, 1, "same", &[])).await.unwrap();
    }
    let twins = articles.unique("by_slug", |_, row| row.slug.clone()).unwrap_err();
    assert_eq!(twins.code(), "store_not_unique");
    // It isn't kept either, and can be built once they are told apart.
    articles.insert(&2, &article(7, 1, "same", &[])).await.unwrap();
    for id in 0..2 {
        articles.update(&id, move |row| row.slug = id.to_string()).await.unwrap();
    }
    let (_, by_slug) = by_slug(&store);
    assert_eq!(by_slug.get(&"same".to_owned()).await.unwrap().map(|(key, _)| key), Some(2));
}

async fn an_index_of_other_keys_is_another(scene: Scene) {
    let store = scene.open();
    let (mut articles, _) = by_author(&store);
    articles.insert(&1, &article(7, 1, "", &[])).await.unwrap();
    let other = articles.index("by_author", |_, row| row.author).unwrap_err();
    assert_eq!(other.code(), "store_retyped");
    store.close().await.unwrap();
    let store = scene.open();
    let articles: Table<u64, Article> = store.table("articles").unwrap();
    let index = articles.index("by_author", |_, row| row.slug.clone()).unwrap();
    assert_eq!(keys(index.scan(Keys::prefix("")).await.unwrap()), [1], "built anew");
}

async fn nothing_is_opened_within_a_transaction(scene: Scene) {
    let store = scene.open();
    let inside = store.clone();
    let nested = store.transaction(move |_| inside.table::<u64, u64>("late").map(drop)).await;
    let Err(TransactionError::Aborted(error)) = nested else { panic!("it waits for itself") };
    assert_eq!(error.code(), "store_nested");
    store.table::<u64, u64>("late").unwrap();
}
