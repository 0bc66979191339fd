//! What was asked and answered, so that modes can be compared: everything but request ids and
//! dates.

use seam_tests::http::{Request, Response, get, post};
use seam_tests::shop::{Mode, Shop};
use serde_json::{Value, json};

/// A shop, and all that was said to it so far.
pub(super) struct Visit {
    pub(super) shop: Shop,
    lines: Vec<String>,
}

impl Visit {
    pub(super) async fn begin(mode: Mode) -> Self {
        Self { shop: Shop::open(mode).await.unwrap(), lines: Vec::new() }
    }

    /// Ends it, with what was said.
    pub(super) async fn end(self) -> Vec<String> {
        self.shop.close().await.unwrap();
        self.lines
    }

    /// Notes something that must be the same in all modes.
    pub(super) fn note(&mut self, line: impl Into<String>) {
        self.lines.push(line.into());
    }

    /// Sends a request, and notes it with its answer.
    pub(super) async fn ask(&mut self, request: Request) -> Response {
        let response = match self.shop.send(&request).await {
            Ok(response) => response,
            Err(error) => panic!("{:?}: {request}: {error}", self.shop.mode()),
        };
        self.lines.push(format!("{request} => {}", said(&response)));
        response
    }

    /// Asks, and expects this status and this body.
    pub(super) async fn expect(&mut self, request: Request, status: u16, body: Value) {
        let response = self.ask(request.clone()).await;
        let mode = self.shop.mode();
        assert_eq!((response.status, response.json()), (status, body), "{mode:?}: {request}");
        assert_eq!(response.header("content-type"), Some("application/json"), "{request}");
    }

    /// Asks, and expects a problem with this status and code, of this outcome; gives its body.
    pub(super) async fn refused(
        &mut self,
        request: Request,
        status: u16,
        code: &str,
        outcome: &str,
    ) -> Value {
        let response = self.ask(request.clone()).await;
        let body = response.json();
        let found = (response.status, body["code"].as_str(), body["outcome"].as_str());
        let mode = self.shop.mode();
        assert_eq!(found, (status, Some(code), Some(outcome)), "{mode:?}: {request}: {body}");
        assert_eq!(body["status"], status, "{request}");
        assert_eq!(response.header("content-type"), Some("application/problem+json"), "{request}");
        assert!(body["requestId"].as_str().is_some_and(|id| id.len() == 32), "{request}: {body}");
        body
    }

    /// Signs somebody up; gives the id.
    pub(super) async fn user(&mut self, email: &str) -> u64 {
        let response = self.ask(post("/api/user", &json!({ "name": "Ada", "email": email }))).await;
        assert_eq!(response.status, 201, "{}", response.text());
        response.json()["id"].as_u64().unwrap()
    }

    /// What was paid for an order.
    pub(super) async fn payments(&mut self, order: u64) -> Vec<Value> {
        let response = self.ask(get(&format!("/api/payment?orderId={order}"))).await;
        assert_eq!(response.status, 200, "{}", response.text());
        response.json()["payments"].as_array().unwrap().clone()
    }
}

/// An order of some tea: 450 cents each.
pub(super) fn tea(user: u64, quantity: u64) -> Value {
    let product = json!({ "sku": "tea", "quantity": quantity, "unitPriceCents": 450 });
    json!({ "userId": user, "products": [product] })
}

/// Places an order.
pub(super) fn place(order: &Value) -> Request {
    post("/api/order", order)
}

/// Places an order under an idempotency key.
pub(super) fn place_as(key: &str, order: &Value) -> Request {
    place(order).header("Idempotency-Key", key)
}

/// A response without what differs from run to run.
fn said(response: &Response) -> String {
    let mut headers = response.headers.clone();
    headers.retain(|(name, _)| {
        !matches!(
            name.as_str(),
            "date" | "x-request-id" | "content-length" | "traceparent" | "x-seam-instance"
        )
    });
    headers.sort();
    let mut body = response.json();
    for id in ["requestId", "firstRequestId"] {
        if let Some(id) = body.get_mut(id) {
            *id = "…".into();
        }
    }
    format!("{} {headers:?} {body}", response.status)
}
