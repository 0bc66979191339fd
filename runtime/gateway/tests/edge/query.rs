//! Lists and structs from queries, and queries that aren't.

use std::sync::Arc;

use seam_core::call::Client;
use seam_gateway::{Edge, EdgeError};
use serde_json::json;

use crate::support::{Ready, get, post, settings};

#[seam::contract(name = "finder", version = "1.0")]
trait Finder {
    /// Finds what fits.
    #[call(http = "GET /api/find")]
    async fn find(&self, filter: Filter, page: Option<Page>, tag_list: Vec<String>) -> Found;

    /// Adds numbers.
    #[call(http = "GET /api/sum")]
    async fn sum(&self, term: Option<Vec<i64>>) -> Option<i64>;
}

#[seam::message]
struct Filter {
    author_name: String,
    lent: Option<bool>,
    #[serde(default)]
    years: Vec<u16>,
}

#[seam::message]
struct Page {
    limit: u32,
    offset: Option<u32>,
}

#[seam::message]
struct Found {
    filter: Filter,
    page: Option<Page>,
    tags: Vec<String>,
}

struct FinderService;

impl Finder for FinderService {
    async fn find(&self, filter: Filter, page: Option<Page>, tag_list: Vec<String>) -> Found {
        Found { filter, page, tags: tag_list }
    }

    async fn sum(&self, term: Option<Vec<i64>>) -> Option<i64> {
        term.map(|terms| terms.iter().sum())
    }
}

fn finder() -> Edge {
    let finder = Arc::new(Client::<FinderContract>::local(FinderService).unwrap());
    Edge::bind(settings(), vec![finder], Arc::new(Ready)).unwrap()
}

#[tokio::test]
async fn a_struct_is_its_fields_and_a_list_all_of_its_name() {
    let edge = finder();
    let query = "author_name=Ada&lent=true&years=1815&years=1852&limit=5&tagList=a+b&tagList=%22";
    let answer = get(&edge, &format!("/api/find?{query}")).await;
    let filter = json!({ "authorName": "Ada", "lent": true, "years": [1815, 1852] });
    let page = json!({ "limit": 5, "offset": null });
    assert_eq!(answer.json(), json!({ "filter": filter, "page": page, "tags": ["a b", "\""] }));

    let answer = get(&edge, "/api/find?authorName=7&tag_list=one").await;
    let filter = json!({ "authorName": "7", "lent": null, "years": [] });
    assert_eq!(answer.json(), json!({ "filter": filter, "page": null, "tags": ["one"] }));

    for (query, sum) in [("", json!(null)), ("?term=-7", json!(-7)), ("?term=1&term=2", json!(3))] {
        assert_eq!(get(&edge, &format!("/api/sum{query}")).await.json(), sum, "{query}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_told_by_its_key() {
    let edge = finder();
    for (query, why) in [
        ("lent=true", "`authorName` is missing in the query"),
        ("authorName=x&offset=1", "`limit` is missing in the query"),
        ("authorName=x&lent=maybe", "`lent`: `maybe` is neither `true` nor `false`"),
        ("authorName=x&years=1&years=new", "`years`: `new` is no integer"),
        ("authorName=x&authorName=y", "`authorName` comes twice in the query"),
        ("authorName=x&author_name=x", "`authorName`"),
        ("authorName=x&tagList=a&tag_list=b", "tag_list"),
        ("authorName=%ff", "the query isn't UTF-8"),
        ("authorName=%4", "the query has a `%` without two hexadecimal digits"),
        ("authorName=%C3%28", "the query isn't UTF-8"),
    ] {
        let answer = get(&edge, &format!("/api/find?{query}")).await;
        assert_eq!(answer.problem().0, 400, "{query}: {}", answer.body);
        let detail = answer.json()["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(why), "{query}: {detail}");
    }
    for body in ["module=finder&method=sum&bizContent=%ff", "module=f%inder&method=sum"] {
        let answer = post(&edge, "/gateway", "application/x-www-form-urlencoded", body).await;
        assert_eq!(answer.problem().0, 400, "{body}: {}", answer.body);
    }
}

#[seam::contract(name = "muddle", version = "1.0")]
trait Muddle {
    #[call(http = "GET /api/muddle")]
    async fn muddle(&self, page: Page, limit: u32) -> ();
}

struct MuddleService;

impl Muddle for MuddleService {
    async fn muddle(&self, _: Page, _: u32) {}
}

#[tokio::test]
async fn two_arguments_can_not_have_one_key() {
    let muddle = Arc::new(Client::<MuddleContract>::local(MuddleService).unwrap());
    let error = Edge::bind(settings(), vec![muddle], Arc::new(Ready)).unwrap_err();
    assert!(matches!(error, EdgeError::BadRoute { .. }), "{error:?}");
    assert!(error.to_string().contains("takes `limit` from its query twice"), "{error}");
}
