//! `#[seam::error]`: code, status and text of each variant.

use std::error::Error;

use seam::prelude::*;
use seam_core::contract::{ErrorDescriptor, ServiceError};

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
