//! Orders that are placed one after the other, and what became of each.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use seam_tests::http::{get, post};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::bar::Bar;

/// An order that was placed, or wasn't.
#[derive(Clone, Debug)]
pub(crate) struct Placed {
    pub(crate) begun: Instant,
    pub(crate) took: Duration,
    /// The status code; 0 if there was no answer.
    pub(crate) status: u16,
    pub(crate) degraded: bool,
    /// The body's `outcome`, of a failure.
    outcome: Option<String>,
    code: String,
    /// The body's `detail`, of a failure.
    detail: String,
    pub(crate) total: Option<u64>,
    order: Option<u64>,
    payment: Option<u64>,
}

impl Placed {
    pub(crate) fn failed(&self) -> bool {
        self.status != 201
    }

    /// Whether a failure says what became of it.
    fn honest(&self) -> bool {
        let told = matches!(self.outcome.as_deref(), Some("not_executed" | "unknown"));
        !self.failed() || (self.status >= 500 && told)
    }
}

impl fmt::Display for Placed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = self.outcome.as_deref().unwrap_or("no outcome");
        write!(
            f,
            "{} {} ({outcome}) after {:.2} s: {}",
            self.status,
            self.code,
            self.took.as_secs_f64(),
            self.detail
        )
    }
}

/// Several customers, each with one order after the other.
#[derive(Debug)]
pub(crate) struct Orders {
    edge: SocketAddr,
    shared: Arc<Shared>,
    customers: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    placed: Mutex<Vec<Placed>>,
    over: AtomicBool,
    number: AtomicU64,
    /// How long a customer rests between two orders.
    rest: Duration,
}

impl Orders {
    /// So many customers begin, who rest a little after each order: each of these is over 100 pieces.
    pub(crate) fn begin(edge: SocketAddr, customers: usize, rest: Duration) -> Self {
        let shared = Arc::new(Shared {
            placed: Mutex::new(Vec::new()),
            over: AtomicBool::new(false),
            number: AtomicU64::new(0),
            rest,
        });
        let customer = |_| tokio::spawn(place_all(edge, Arc::clone(&shared)));
        let customers = (0..customers).map(customer).collect();
        Self { edge, shared, customers }
    }

    /// Those begun between two moments and over by now.
    pub(crate) fn between(&self, from: Instant, to: Instant) -> Vec<Placed> {
        let placed = self.shared.placed.lock();
        placed.iter().filter(|one| one.begun >= from && one.begun < to).cloned().collect()
    }

    /// Those begun since then and over by now.
    pub(crate) fn since(&self, from: Instant) -> Vec<Placed> {
        self.between(from, Instant::now())
    }

    /// The last one.
    pub(crate) fn last(&self) -> Option<Placed> {
        self.shared.placed.lock().last().cloned()
    }

    /// The customers leave. What holds of every load: each failure says what became of it, none took
    /// over 8 s, and each order was paid once.
    pub(crate) async fn end(self) -> anyhow::Result<Vec<Bar>> {
        self.shared.over.store(true, Ordering::Relaxed);
        for customer in self.customers {
            customer.await?;
        }
        let placed = std::mem::take(&mut *self.shared.placed.lock());
        let mut by_status = BTreeMap::<_, u32>::new();
        placed.iter().for_each(|one| *by_status.entry(one.status).or_default() += 1);
        let by_status: Vec<_> =
            by_status.iter().map(|(status, count)| format!("{count} × {status}")).collect();
        let lies: Vec<_> = placed.iter().filter(|one| !one.honest()).collect();
        let hung: Vec<_> = placed.iter().filter(|one| one.took > Duration::from_secs(8)).collect();
        let wrong = wrongly_paid(self.edge, &placed).await?;
        Ok(vec![
            Bar::told("orders", by_status.join(", ")),
            Bar::none("failures that don't say what became of them", &lies),
            Bar::none("orders over 8 s", &hung),
            Bar::none("orders lost or paid twice", &wrong),
        ])
    }
}

/// The longest of some, in seconds.
pub(crate) fn longest(placed: &[Placed]) -> f64 {
    placed.iter().map(|one| one.took.as_secs_f64()).fold(0.0, f64::max)
}

/// Those of some that failed.
pub(crate) fn failed(placed: &[Placed]) -> Vec<&Placed> {
    placed.iter().filter(|one| one.failed()).collect()
}

/// What is promised where callers are to feel nothing.
pub(crate) fn unharmed(placed: &[Placed]) -> [Bar; 3] {
    let degraded: Vec<_> = placed.iter().filter(|one| one.degraded).collect();
    [
        Bar::none("orders that failed", &failed(placed)),
        Bar::none("orders with a fallback", &degraded),
        Bar::told("the longest order, s", format!("{:.2}", longest(placed))),
    ]
}

async fn place_all(edge: SocketAddr, shared: Arc<Shared>) {
    let body = json!({
        "userId": 1,
        "products": [{ "sku": "tea", "quantity": 100, "unitPriceCents": 1 }],
    });
    while !shared.over.load(Ordering::Relaxed) {
        let key = format!("drill-{}", shared.number.fetch_add(1, Ordering::Relaxed));
        let begun = Instant::now();
        let answer = post("/api/order", &body).header("Idempotency-Key", &key).send(edge).await;
        let took = begun.elapsed();
        let placed = match answer {
            Ok(answer) => {
                let json = answer.json();
                let text = |key: &str| json[key].as_str().map(str::to_owned);
                Placed {
                    begun,
                    took,
                    status: answer.status,
                    degraded: answer.header("x-seam-degraded") == Some("true"),
                    outcome: text("outcome"),
                    code: text("code").unwrap_or_default(),
                    detail: text("detail").unwrap_or_default(),
                    total: json["order"]["totalCents"].as_u64(),
                    order: json["order"]["id"].as_u64(),
                    payment: json["payment"]["id"].as_u64(),
                }
            }
            Err(why) => Placed {
                begun,
                took,
                status: 0,
                degraded: false,
                outcome: None,
                code: String::new(),
                detail: why.to_string(),
                total: None,
                order: None,
                payment: None,
            },
        };
        shared.placed.lock().push(placed);
        tokio::time::sleep(shared.rest).await;
    }
}

/// Which of the orders that were answered with 201 aren't paid exactly once, by the payment that was
/// told.
async fn wrongly_paid(edge: SocketAddr, placed: &[Placed]) -> anyhow::Result<Vec<String>> {
    let mut wrong = Vec::new();
    for one in placed.iter().filter(|one| !one.failed()) {
        let (Some(order), Some(payment)) = (one.order, one.payment) else {
            wrong.push(format!("{one}: without order or payment"));
            continue;
        };
        let found = get(&format!("/api/payment?orderId={order}")).send(edge).await?.json();
        let ids = |found: &Value| -> Vec<u64> {
            let payments = found["payments"].as_array().map_or(&[][..], Vec::as_slice);
            payments.iter().filter_map(|payment| payment["id"].as_u64()).collect()
        };
        if ids(&found) != [payment] {
            wrong.push(format!("order {order} has payments {found}, and was told {payment}"));
        }
    }
    Ok(wrong)
}
