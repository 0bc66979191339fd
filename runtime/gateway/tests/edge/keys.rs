//! A key stands once in a JSON object, whichever way it comes in.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use seam_core::call::Client;
use seam_gateway::Edge;
use serde_json::json;

use crate::support::{Ready, json as send, post, settings};

#[seam::contract(name = "stock", version = "1.0")]
trait Stock {
    /// Sets how many there are of each.
    #[call(public, http = "POST /api/stock")]
    async fn set(&self, counts: BTreeMap<String, u32>) -> usize;

    /// Sets how many there are of each, by shelf.
    #[call(public, http = "POST /api/shelf/{name}")]
    async fn fill(&self, name: String, racks: Vec<Rack>, by: Option<HashMap<u8, u8>>) -> usize;
}

#[seam::message]
struct Rack {
    counts: HashMap<String, u32>,
}

struct StockService;

impl Stock for StockService {
    async fn set(&self, counts: BTreeMap<String, u32>) -> usize {
        counts.len()
    }

    async fn fill(&self, _: String, racks: Vec<Rack>, by: Option<HashMap<u8, u8>>) -> usize {
        racks.len() + by.map_or(0, |by| by.len())
    }
}

fn stock() -> Edge {
    let stock = Arc::new(Client::<StockContract>::local(StockService).unwrap());
    Edge::bind(settings(), vec![stock], Arc::new(Ready)).unwrap()
}

#[tokio::test]
async fn a_key_of_a_map_comes_once() {
    let edge = stock();
    let form = |method: &str, arguments: &str| {
        format!("module=stock&method={method}&bizContent={arguments}")
    };
    for (path, method, arguments, place) in [
        ("/api/stock", "set", r#"{"tea":1,"tea":2}"#, "`counts.tea`"),
        ("/api/stock", "set", r#"{"counts":{"tea":1,"cups":3,"\u0074ea":2}}"#, "`counts.tea`"),
        (
            "/api/shelf/a",
            "fill",
            r#"{"racks":[{"counts":{}},{"counts":{"tea":1,"tea":1}}]}"#,
            "`racks[1].counts.tea`",
        ),
        ("/api/shelf/a", "fill", r#"{"racks":[],"by":{"1":1,"2":2,"1":1}}"#, "`by"),
    ] {
        let refused = send(&edge, path, arguments).await;
        let expected = (400, "bad_request".into(), "not_executed".into());
        assert_eq!(refused.problem(), expected, "{path} {arguments}");
        let detail = refused.json()["detail"].as_str().unwrap().to_owned();
        let said = detail.starts_with(place) && detail.ends_with("comes twice in its object");
        assert!(said, "{path} {arguments}: {detail}");

        let named = match (method, arguments.contains("counts")) {
            ("fill", _) => arguments.replacen('{', r#"{"name":"a","#, 1),
            (_, false) => format!(r#"{{"counts":{arguments}}}"#),
            (_, true) => arguments.to_owned(),
        };
        let by_name = send(&edge, &format!("/rpc/stock/{method}"), &named).await;
        assert_eq!(by_name.json()["detail"], detail, "{named}");
        let kind = "application/x-www-form-urlencoded";
        let by_form = post(&edge, "/gateway", kind, &form(method, &named)).await;
        assert_eq!((by_form.status, &by_form.json()["detail"]), (400, &json!(detail)), "{named}");
    }
    let taken = send(&edge, "/api/stock", r#"{"tea":1,"Tea":2}"#).await;
    assert_eq!((taken.status, taken.json()), (200, json!(2)));
}
