//! The service by itself, as its guide tests it.

#![allow(clippy::unwrap_used, reason = "all of this is tests")]

use loyalty::{Balance, LoyaltyClient, LoyaltyError, LoyaltyService};
use seam::prelude::*;
use user::{Account, UserClient, UserError};

#[tokio::test]
async fn points_add_up_for_users_that_exist() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_async(folder.path().join("store")).await.unwrap();
    // A user service that knows Ada, who is number 1.
    let users = UserClient::fake().on_get(async |id| match id {
        1 => Ok(Account { id, name: "Ada".into(), email: "ada@example.com".into() }),
        _ => Err(CallError::Service(UserError::UserNotFound)),
    });
    let service = LoyaltyService::new(store.table("balances").unwrap(), users.client(), 100);
    let loyalty = LoyaltyClient::local(service);

    assert_eq!(loyalty.give(1, 30).await, Ok(Balance { user_id: 1, points: 30 }));
    assert_eq!(loyalty.give(1, 12).await, Ok(Balance { user_id: 1, points: 42 }));
    assert_eq!(loyalty.balance(1).await, Ok(Balance { user_id: 1, points: 42 }));
    let nobody = LoyaltyError::User(UserError::UserNotFound);
    assert_eq!(loyalty.give(2, 1).await, Err(CallError::Service(nobody)));
    let too_many = LoyaltyError::TooMany { most: 100 };
    assert_eq!(loyalty.give(1, 101).await, Err(CallError::Service(too_many)));
}

#[tokio::test]
async fn a_slow_user_service_costs_no_more_than_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_async(folder.path().join("store")).await.unwrap();
    let users = UserClient::fake().on_get(async |_| std::future::pending().await);
    let service = LoyaltyService::new(store.table("balances").unwrap(), users.client(), 100);
    let loyalty = LoyaltyClient::local(service);

    let given = loyalty.give(1, 1).deadline(ms(50)).await;
    assert!(given.unwrap_err().unknown(), "the turn had begun");
}

#[tokio::test]
async fn the_second_major_says_the_tier() {
    use loyalty::next::Tier;

    assert_eq!([0, 99].map(Tier::of), [Tier::Bronze, Tier::Bronze]);
    assert_eq!([100, 999, 1_000].map(Tier::of), [Tier::Silver, Tier::Silver, Tier::Gold]);
}
