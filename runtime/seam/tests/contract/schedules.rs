//! Methods that run by themselves.

use std::time::{Duration, UNIX_EPOCH};

use seam::contracts::{Contract, ContractDescriptor, ScheduleDescriptor};
use seam::prelude::*;
use serde_json::json;

#[seam::error]
enum SweepError {
    Stuck,
}

#[seam::contract(name = "order", version = "1.0")]
trait Order {
    async fn count(&self) -> u64;
    #[call(every = "1h", idempotent)]
    async fn sweep(&mut self) -> Result<(), SweepError>;
    #[call(cron = "0 3 * * *", deadline = "30s", public, http = "POST /api/order/report")]
    async fn report(&self);
    #[call(every = "2d")]
    async fn rest(&self) -> ();
}

struct Broom(u64);

impl Order for Broom {
    async fn count(&self) -> u64 {
        self.0
    }

    async fn sweep(&mut self) -> Result<(), SweepError> {
        self.0 += 1;
        if self.0 > 1 { Err(SweepError::Stuck) } else { Ok(()) }
    }

    async fn report(&self) {}

    async fn rest(&self) {}
}

#[test]
fn a_method_says_when_it_runs() {
    let order = OrderContract::descriptor();
    let schedule = |name: &str| order.method(name).unwrap().schedule.clone();
    let every = |seconds| Some(ScheduleDescriptor::Every(Duration::from_secs(seconds)));
    assert_eq!((schedule("count"), schedule("sweep")), (None, every(3_600)));
    assert_eq!(schedule("rest"), every(2 * 86_400));
    let report = ScheduleDescriptor::Cron("0 3 * * *".into());
    assert_eq!(schedule("report"), Some(report.clone()));
    let due = report.schedule().unwrap().next(UNIX_EPOCH + Duration::from_secs(86_400));
    assert_eq!(due, Some(UNIX_EPOCH + Duration::from_secs(86_400 + 3 * 3_600)));
    assert!(ScheduleDescriptor::Cron("daily".into()).schedule().is_err());
    let value = serde_json::to_value(order).unwrap();
    assert_eq!(value["methods"][2]["schedule"], json!({"cron": "0 3 * * *"}));
    assert_eq!(value["methods"][1]["schedule"], json!({"every": {"secs": 3_600, "nanos": 0}}));
    assert_eq!(serde_json::from_value::<ContractDescriptor>(value).unwrap(), *order);
}

#[tokio::test]
async fn it_can_be_called_as_well() {
    let order = OrderClient::local(Broom(0));
    assert_eq!(order.sweep().await, Ok(()));
    assert_eq!(order.sweep().await, Err(CallError::Service(SweepError::Stuck)));
    assert_eq!((order.count().await, order.report().await), (Ok(2), Ok(())));
    assert_eq!(order.rest().await, Ok(()));
}
