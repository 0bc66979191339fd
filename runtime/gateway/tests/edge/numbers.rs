//! What comes in by JSON is read to the letter, and numbers pass exactly.

use std::sync::Arc;

use seam_core::call::Client;
use seam_gateway::Edge;
use serde_json::json;

use crate::support::{Answer, Ready, get, json as send, post, settings};

#[seam::contract(name = "lab", version = "1.0")]
trait Lab {
    /// Gives back what it is given.
    #[call(public, http = "POST /api/echo")]
    async fn echo(&self, sample: Sample) -> Sample;

    /// 1 / `by`.
    #[call(public, http = "GET /api/inverse")]
    async fn inverse(&self, by: f64, single: Option<f32>) -> Result<Vec<f64>, LabError>;
}

#[seam::message]
#[derive(Default)]
struct Sample {
    #[serde(default)]
    values: Vec<f64>,
    single: Option<f32>,
    #[serde(default)]
    products: Vec<Line>,
}

#[seam::message]
struct Line {
    quantity: Option<u32>,
}

#[seam::error]
enum LabError {
    /// It is negative.
    Negative { root: f64 },
}

struct LabService;

impl Lab for LabService {
    async fn echo(&self, sample: Sample) -> Sample {
        sample
    }

    async fn inverse(&self, by: f64, single: Option<f32>) -> Result<Vec<f64>, LabError> {
        if by < 0.0 {
            return Err(LabError::Negative { root: by.sqrt() });
        }
        Ok(vec![1.0 / by, single.unwrap_or(1.0).into()])
    }
}

fn lab() -> Edge {
    let lab = Arc::new(Client::<LabContract>::local(LabService).unwrap());
    Edge::bind(settings(), vec![lab], Arc::new(Ready)).unwrap()
}

/// By the route, by its name and by a form: whoever asks, the answer is the same.
async fn echo(edge: &Edge, sample: &str) -> [Answer; 4] {
    let named = format!("{{\"sample\":{sample}}}");
    let form = form_urlencoded::Serializer::new(String::new())
        .append_pair("module", "lab")
        .append_pair("method", "echo")
        .append_pair("bizContent", &named)
        .finish();
    [
        send(edge, "/api/echo", sample).await,
        send(edge, "/api/echo", &named).await,
        send(edge, "/rpc/lab/echo", &named).await,
        post(edge, "/gateway", "application/x-www-form-urlencoded", &form).await,
    ]
}

#[tokio::test]
async fn finite_numbers_pass_exactly() {
    let edge = lab();
    let values = [0.1, 1e308, -0.0, 5e-324, 122.416_294_033_786_58, 9_007_199_254_740_992.0];
    let sample = json!({ "values": values, "single": 0.1_f32 });
    for answer in echo(&edge, &sample.to_string()).await {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let found: Vec<f64> = serde_json::from_value(answer.json()["values"].clone()).unwrap();
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&found), bits(&values), "{}", answer.body);
        assert!(answer.body.contains("\"single\":0.1,"), "{}", answer.body);
    }
    for (query, found) in [("by=1e-308", 1e308), ("by=4", 0.25), ("by=1e308&single=7", 1e-308)] {
        let answer = get(&edge, &format!("/api/inverse?{query}")).await;
        assert_eq!(answer.json()[0], json!(found), "{query}: {}", answer.body);
    }
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused() {
    let edge = lab();
    for sample in [
        r#"{"values": [1e400]}"#,
        r#"{"single": 3e39}"#,
        r#"{"products": [{"quantity": 4294967296}]}"#,
        r#"{"products": [{"quantity": 1.0}]}"#,
        r#"{"values": [NaN]}"#,
        r#"{"values": [null]}"#,
    ] {
        for answer in echo(&edge, sample).await {
            assert_eq!(answer.problem().0, 400, "{sample}: {}", answer.body);
        }
    }
    for query in ["by=1e400", "by=NaN", "by=inf", "by=1&single=3e39"] {
        assert_eq!(get(&edge, &format!("/api/inverse?{query}")).await.problem().0, 400, "{query}");
    }
}

#[tokio::test]
async fn an_answer_that_json_has_no_number_for_is_unreadable() {
    let edge = lab();
    for by in ["0", "0.0", "-0.0", "-1"] {
        let form = format!("module=lab&method=inverse&bizContent={{\"by\":{by}}}");
        for answer in [
            get(&edge, &format!("/api/inverse?by={by}")).await,
            send(&edge, "/rpc/lab/inverse", &format!("{{\"by\":{by}}}")).await,
            post(&edge, "/gateway", "application/x-www-form-urlencoded", &form).await,
        ] {
            assert_eq!(answer.problem(), (502, "unreadable".into(), "unknown".into()), "{by}");
        }
    }
}

#[tokio::test]
async fn unknown_members_and_arrays_for_structs_are_refused_at_every_depth() {
    let edge = lab();
    for (sample, why) in [
        (r#"{"value": []}"#, "value`: there is no such member: did you mean `values`?"),
        (
            r#"{"products": [{"quantiy": 1}]}"#,
            "products[0].quantiy`: there is no such member: did you mean `quantity`?",
        ),
        ("[[], null, []]", "invalid type: sequence, expected an object"),
        (r#"{"products": [[1]]}"#, "products[0]`: invalid type: sequence, expected an object"),
        (r#"{"single": 1, "single": 1}"#, "duplicate field `single`"),
    ] {
        for answer in echo(&edge, sample).await {
            assert_eq!(answer.problem().0, 400, "{sample}: {}", answer.body);
            let detail = answer.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains(why), "{sample}: {detail}");
        }
    }
    // A wrapper of the one argument that is misspelt, and so isn't one.
    let answer = send(&edge, "/api/echo", r#"{"simple": {"single": 1}}"#).await;
    assert_eq!(answer.problem().0, 400, "{}", answer.body);
    assert!(answer.json()["detail"].as_str().unwrap().contains("simple"), "{}", answer.body);
    for answer in [
        send(&edge, "/api/echo", r#"{"sample": {}, "more": 1}"#).await,
        send(&edge, "/rpc/lab/echo", "[{}]").await,
        send(&edge, "/rpc/lab/echo", r#"{"sample": {}, "sample": {}}"#).await,
        send(&edge, "/rpc/lab/inverse", r#"{"by": 1, "By": 1}"#).await,
    ] {
        assert_eq!(answer.problem().0, 400, "{}", answer.body);
    }
}
