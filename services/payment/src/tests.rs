//! The actor on a database of its own.

use seam::prelude::*;
use serde_json::json;
use tempfile::TempDir;

use crate::contract::{Charge, PaymentClient, PaymentError, Receipt};
use crate::service::PaymentService;

fn payments(folder: &TempDir) -> PaymentClient {
    let store = Store::open(folder.path()).unwrap();
    PaymentClient::local(PaymentService::new(&store, 1_000).unwrap())
}

#[tokio::test]
async fn money_goes_back_once_and_its_receipt_stays() {
    let folder = tempfile::tempdir().unwrap();
    let payments = payments(&folder);
    let receipt = payments.charge(7, 250).await.unwrap();
    assert_eq!(receipt, Receipt { id: 1, order_id: 7, amount_cents: 250 });
    let kept = Charge { id: 1, order_id: 7, amount_cents: 250, refunded: None };
    assert_eq!(payments.list(7).await.unwrap().payments, [kept]);
    let refunded = Charge { refunded: Some(true), ..kept };
    for _ in 0..2 {
        assert_eq!(payments.refund(7).await, Ok(refunded));
        assert_eq!(payments.list(7).await.unwrap().payments, [refunded]);
    }
    assert_eq!(payments.receipt(7).await.unwrap(), receipt);
    assert_eq!(payments.charge(7, 250).await.unwrap(), receipt, "it isn't charged again");
}

#[tokio::test]
async fn what_was_not_paid_is_not_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let payments = payments(&folder);
    assert_eq!(payments.refund(7).await, Err(CallError::Service(PaymentError::NotPaid)));
    assert!(payments.list(7).await.unwrap().payments.is_empty());
}

#[test]
fn it_is_said_of_money_that_went_back_alone() {
    let charge = Charge { id: 1, order_id: 7, amount_cents: 250, refunded: None };
    let said = |charge: Charge| serde_json::to_value(charge).unwrap();
    assert_eq!(said(charge), json!({ "id": 1, "orderId": 7, "amountCents": 250 }));
    assert_eq!(said(Charge { refunded: Some(true), ..charge })["refunded"], true);
}

#[tokio::test]
async fn what_an_older_release_has_kept_was_not_given_back() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let mut old = store.table::<u64, Receipt>("receipts").unwrap();
    old.insert(&7, &Receipt { id: 1, order_id: 7, amount_cents: 250 }).await.unwrap();
    store.close().await.unwrap();
    let payments = payments(&folder);
    assert_eq!(payments.list(7).await.unwrap().payments[0].refunded, None);
    assert_eq!(payments.refund(7).await.unwrap().refunded, Some(true));
}
