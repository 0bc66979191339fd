//! The actor against fakes of the services that it needs.

use std::sync::Arc;

use order::{OrderClient, OrderError, OrderPage, Purchase, Status};
use seam::prelude::*;
use tokio::sync::Barrier;
use user::{Account, UserClient, UserError};

use crate::contract::{OverviewClient, OverviewError, UserOrders};
use crate::service::OverviewService;

fn ada() -> Account {
    Account { id: 1, name: "Ada".into(), email: "ada@example.com".into() }
}

fn tea(id: u64) -> Purchase {
    Purchase { id, user_id: 1, products: Vec::new(), total_cents: 450, status: Status::Paid }
}

#[tokio::test]
async fn both_are_asked_at_once() {
    // Neither answers before the other is asked.
    let both = Arc::new(Barrier::new(2));
    let met = Arc::clone(&both);
    let users = UserClient::fake().on_get(async move |id| {
        met.wait().await;
        Ok(Account { id, ..ada() })
    });
    let orders = OrderClient::fake().on_list(async move |user_id, limit, after| {
        both.wait().await;
        assert_eq!((user_id, limit, after), (1, Some(1), Some(6)));
        Ok(OrderPage { orders: vec![tea(7)], next: Some(7) })
    });
    let service = OverviewService { users: users.into(), orders: orders.into() };
    let found = OverviewClient::local(service).orders(1, Some(1), Some(6)).await.unwrap();
    assert_eq!(found, UserOrders { user: ada(), orders: vec![tea(7)], next: Some(7) });
}

#[tokio::test]
async fn what_fails_says_what_it_is() {
    let users = UserClient::fake().on_get(async |id| match id {
        1 => Ok(ada()),
        2 => Err(CallError::NotExecuted(NotExecuted::unavailable("gone"))),
        _ => Err(CallError::Service(UserError::UserNotFound)),
    });
    let orders = OrderClient::fake()
        .on_list(async |_, _, _| Err(CallError::Service(OrderError::InvalidLimit)));
    let service = OverviewService { users: users.into(), orders: orders.into() };
    let overview = OverviewClient::local(service);
    let refused = overview.orders(1, Some(0), None).await;
    assert_eq!(refused, Err(CallError::Service(OverviewError::Order(OrderError::InvalidLimit))));
    let nobody = overview.orders(3, Some(0), None).await;
    assert_eq!(nobody, Err(CallError::Service(OverviewError::User(UserError::UserNotFound))));
    match overview.orders(2, None, None).await {
        Err(CallError::Unknown(Unknown::Inner(inner))) => {
            assert_eq!((&*inner.service, &*inner.method), ("user", "get"));
        }
        other => panic!("{other:?}"),
    }
}
