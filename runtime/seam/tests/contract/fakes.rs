//! Fakes made of functions.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use seam::prelude::*;

use super::vault::{BankClient, BankError, Item, ItemId, VaultClient, VaultError};

#[tokio::test]
async fn a_fake_answers_as_its_functions_say() {
    let asked = Arc::new(AtomicU64::new(0));
    let counts = Arc::clone(&asked);
    let vault = VaultClient::fake()
        .on_put(async |id, unit_price, label| Ok(Item { id, unit_price, label }))
        .on_item(async move |id| {
            counts.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err(CallError::Service(VaultError::Missing { id }))
        })
        .on_type(async |number| Ok(number + 1));
    let client = vault.client();
    let item = Item { id: ItemId(1), unit_price: 2, label: None };
    assert_eq!(client.put(ItemId(1), 2, None).await, Ok(item));
    let missing = VaultError::Missing { id: ItemId(3) };
    assert_eq!(client.item(ItemId(3)).await, Err(CallError::Service(missing)));
    assert_eq!(client.r#type(1).await, Ok(2));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_fake_may_fail_as_only_the_runtime_does() {
    let refused = NotExecuted::Overloaded { retry_after: secs(1) };
    let says = refused.clone();
    let bank: BankClient = BankClient::fake()
        .on_pay(async move |cents| match cents {
            0 => Err(CallError::NotExecuted(says.clone())),
            1 => Err(CallError::Unknown(Unknown::Abandoned)),
            missing => Err(CallError::Service(BankError::Broke { missing })),
        })
        .into();
    assert_eq!(bank.pay(0).await, Err(CallError::NotExecuted(refused)));
    assert_eq!(bank.pay(1).await, Err(CallError::Unknown(Unknown::Abandoned)));
    assert_eq!(bank.pay(2).await, Err(CallError::Service(BankError::Broke { missing: 2 })));
}

#[tokio::test]
async fn a_fake_that_hangs_leaves_its_caller_at_the_deadline() {
    let bank = BankClient::fake().on_pay(async |_| std::future::pending().await);
    let lost = bank.client().pay(1).deadline(ms(20)).await;
    assert_eq!(lost, Err(CallError::Unknown(Unknown::DeadlineExceeded)));
}

#[tokio::test]
#[should_panic(expected = "the fake of `bank` was asked for `pay`")]
async fn a_method_that_was_not_given_fails_the_test() {
    let _ = BankClient::fake().client().pay(1).await;
}

#[tokio::test]
#[should_panic(expected = "the fake of `bank` was asked for `pay`")]
async fn it_fails_the_test_also_where_a_service_gets_over_it() {
    struct Careless(BankClient);

    #[seam::contract(name = "careless", version = "1.0")]
    trait Shop {
        async fn buy(&self) -> bool;
    }

    impl Shop for Careless {
        async fn buy(&self) -> bool {
            seam::spawn(self.0.pay(1).into_future()).await.is_ok()
        }
    }

    let bank = BankClient::fake();
    let shop = ShopClient::local(Careless(bank.client()));
    assert_eq!(shop.buy().await, Ok(false));
}

#[tokio::test]
#[should_panic(expected = "the fake of `bank` panicked")]
async fn a_function_that_panics_fails_the_test() {
    let bank = BankClient::fake().on_pay(async |cents| {
        assert_eq!(cents, 2, "the wrong price");
        Ok(cents)
    });
    let panicked = Err(CallError::Unknown(Unknown::Panicked));
    assert_eq!(bank.client().pay(1).await, panicked);
}
