//! `#[seam::error]`: code, status and text of each variant.

use std::error::Error;

use seam::prelude::*;
use seam_core::contract::{ErrorDescriptor, ServiceError, ServiceFailure};

use super::vault::{ItemId, VaultError};

#[test]
fn each_variant_has_its_code_and_its_status() {
    let variants = VaultError::variants();
    let listed: Vec<_> =
        variants.iter().map(|v: &ErrorDescriptor| (&*v.code, v.status, v.unknown)).collect();
    let expected = [
        ("closed", 422, false),
        ("no_item", 404, false),
        ("pair", 422, false),
        ("lost_track", 500, true),
    ];
    // Nobody ever gets the inner one: it becomes `Unknown::Inner`.
    assert_eq!(listed, expected);
    let missing = VaultError::Missing { id: ItemId(1) };
    assert_eq!((missing.code(), missing.status()), ("no_item", 404));
}

#[test]
fn texts_come_from_the_attribute_the_doc_comment_or_the_code() {
    assert_eq!(VaultError::Missing { id: ItemId(1) }.to_string(), "no item ItemId(1), {sorry}");
    assert_eq!(VaultError::Pair(2, "three".to_owned()).to_string(), "three of 2");
    assert_eq!(VaultError::Closed.to_string(), "It is closed today");
    assert_eq!(VaultError::LostTrack.to_string(), "lost_track");
}

#[seam::error]
enum LongError {
    /// the payment service is away: the order is pending,
    /// and the same key takes it up
    ///   again.
    ///
    /// What else there is to say is no part of its text.
    Wrapped,
    #[doc = ""]
    /// After an empty line. Two sentences.
    Late,
    /** In a
    block. */
    Block,
}

#[test]
fn a_text_is_the_first_paragraph() {
    let away =
        "the payment service is away: the order is pending, and the same key takes it up again";
    assert_eq!(LongError::Wrapped.to_string(), away);
    assert_eq!(ServiceFailure::of(&LongError::Wrapped).detail, away);
    assert_eq!(LongError::Late.to_string(), "After an empty line. Two sentences");
    assert_eq!(LongError::Block.to_string(), "In a block");
    let docs: Vec<String> = LongError::variants().into_iter().map(|variant| variant.doc).collect();
    assert!(docs[0].ends_with("\n\nWhat else there is to say is no part of its text."), "{docs:?}");
}

#[test]
fn only_what_says_so_leaves_the_effect_unknown() {
    assert!(VaultError::LostTrack.leaves_unknown());
    assert!(!VaultError::Closed.leaves_unknown());
}

#[test]
fn the_inner_variant_gives_back_what_it_holds() {
    let inner = InnerError { service: "a".into(), method: "b".into(), cause: "c".into() };
    assert_eq!(VaultError::Inner(inner.clone()).into_inner(), Ok(inner.clone()));
    assert_eq!(VaultError::Closed.into_inner(), Err(VaultError::Closed));
    assert_eq!(VaultError::Inner(inner.clone()).to_string(), inner.to_string());
}

#[test]
fn any_failed_call_becomes_the_inner_variant() {
    let failed: CallError<VaultError> = CallError::NotExecuted(NotExecuted::DeadlineExceeded);
    let passed = VaultError::from(failed);
    assert_eq!(passed.code(), "inner");
    // It is an error like any other.
    let _: Box<dyn Error + Send + Sync> = Box::new(passed);
}

#[seam::error]
enum GuestError {
    /// Away.
    #[error(status = 410)]
    Gone,
    #[error(from)]
    Vault(VaultError),
    #[error(store)]
    Store(StoreFailure),
    #[error(inner)]
    Inner(InnerError),
}

fn passed_on(error: CallError<VaultError>) -> GuestError {
    let result = || -> Result<(), GuestError> { Err(error)? };
    result().unwrap_err()
}

#[test]
fn a_callees_error_goes_on_with_its_code_its_status_and_its_fields() {
    let missing = VaultError::Missing { id: ItemId(4) };
    let error = passed_on(CallError::Service(missing.clone()));
    assert_eq!(error, GuestError::Vault(missing.clone()));
    assert_eq!(ServiceFailure::of(&error), ServiceFailure::of(&missing));
    let lost = passed_on(CallError::Service(VaultError::LostTrack));
    assert!(lost.leaves_unknown());
}

#[test]
fn a_call_without_an_answer_is_inner_whatever_is_passed_on() {
    let error = passed_on(CallError::Unknown(Unknown::Panicked));
    assert!(matches!(error, GuestError::Inner(_)));
    let inner = InnerError { service: "a".into(), method: "b".into(), cause: "c".into() };
    let held = GuestError::Vault(VaultError::Inner(inner.clone()));
    assert_eq!(held.into_inner(), Ok(inner), "even if it is held by what was passed on");
}

#[test]
fn the_stores_errors_have_their_own_outcome() {
    let failed = |error: StoreError| -> Result<(), GuestError> { Err(error)? };
    let full = failed(StoreError::Full { cause: "no space".into() }).unwrap_err();
    assert_eq!((full.code(), full.status(), full.leaves_unknown()), ("store_full", 503, false));
    let lost = failed(StoreError::Unknown { cause: "killed".into() }).unwrap_err();
    assert_eq!((lost.code(), lost.status(), lost.leaves_unknown()), ("store_unknown", 500, true));
    assert!(ServiceFailure::of(&lost).fields.is_empty());
}

#[tokio::test]
async fn a_transaction_may_fail_with_the_services_own_error() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).unwrap();
    let table: Table<u64, u64> = store.table("numbers").unwrap();
    let add = async |number: u64| -> Result<u64, GuestError> {
        let table = table.clone();
        let added = store.transaction(move |tx| {
            if tx.get(&table, &number)?.is_some() {
                Err(GuestError::Gone)?;
            }
            tx.insert(&table, &number, &number)?;
            Ok::<_, GuestError>(number)
        });
        Ok(added.await?)
    };
    assert_eq!(add(1).await, Ok(1));
    assert_eq!(add(1).await, Err(GuestError::Gone));
    // A closure may fail with the store's errors alone, and with those of a callee.
    let plain = async || -> Result<u64, GuestError> {
        Ok(store.transaction(|_| Ok::<_, StoreError>(7)).await?)
    };
    assert_eq!(plain().await, Ok(7));
    let foreign = async || -> Result<(), GuestError> {
        Ok(store.transaction(|_| Err(VaultError::Closed)).await?)
    };
    assert_eq!(foreign().await, Err(GuestError::Vault(VaultError::Closed)));
    store.close().await.unwrap();
    assert!(
        matches!(add(2).await, Err(GuestError::Store(error)) if error.code() == "store_closed")
    );
}

#[test]
fn what_is_passed_on_is_listed_once() {
    let codes: Vec<String> = GuestError::variants().into_iter().map(|v| v.code).collect();
    assert_eq!(codes[..5], ["gone", "closed", "no_item", "pair", "lost_track"]);
    assert!(codes.iter().any(|code| code == "store_full"));
    assert!(codes.iter().all(|code| code != "inner" && code != "vault" && code != "store"));
}

/// A conversion of its own is there instead of the one that says what is missing.
#[seam::error(own_from)]
enum OwnError {
    Failed,
}

impl From<StoreError> for OwnError {
    fn from(_: StoreError) -> Self {
        Self::Failed
    }
}

impl From<CallError<VaultError>> for OwnError {
    fn from(_: CallError<VaultError>) -> Self {
        Self::Failed
    }
}

#[test]
fn conversions_can_be_written_by_hand() {
    assert_eq!(OwnError::from(StoreError::Closed), OwnError::Failed);
    assert_eq!(OwnError::from(CallError::Service(VaultError::Closed)), OwnError::Failed);
}

/// Passes on what `GuestError` passes on as well.
#[seam::error]
enum HostError {
    #[error(from)]
    Vault(VaultError),
    #[error(from)]
    Guest(GuestError),
    #[error(store)]
    Store(StoreFailure),
    #[error(inner)]
    Inner(InnerError),
}

#[test]
fn an_error_that_comes_in_two_ways_is_one() {
    let codes: Vec<String> = HostError::variants().into_iter().map(|v| v.code).collect();
    let mut each = codes.clone();
    each.sort();
    each.dedup();
    assert_eq!(codes.len(), each.len(), "{codes:?}");
    let closed = CallError::Service(VaultError::Closed);
    let direct = HostError::from(closed.clone());
    let by_guest = HostError::from(CallError::Service(GuestError::from(closed)));
    assert_eq!(direct, HostError::Vault(VaultError::Closed));
    assert_eq!(by_guest, HostError::Guest(GuestError::Vault(VaultError::Closed)));
    assert_eq!(ServiceFailure::of(&direct), ServiceFailure::of(&by_guest));
}
