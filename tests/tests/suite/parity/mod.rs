//! What passes in one process passes in two: generated scripts of calls have equal outcomes in
//! every mode, errors and their texts included.

mod places;
mod script;

use std::cell::Cell;

use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};

use seam::prelude::*;
use seam_core::codec::MAX_BODY;
use seam_tests::medley::Blob;

use self::places::Places;
use self::script::script;

/// The largest argument and answer, and those a byte larger, wherever they are encoded.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_too_large_is_refused_alike() {
    let places = Places::open().await;
    let mut told = Vec::new();
    for (place, client) in places.encoded() {
        // A length takes 8 bytes.
        let most = MAX_BODY - 8;
        let blob = |size| Blob { name: String::new(), bytes: vec![1; size] };
        assert_eq!(client.weigh(blob(most - 8)).await, Ok(most as u64 - 8), "{place}");
        assert_eq!(client.swell(1, most as u32).await.unwrap().len(), most, "{place}");
        let argument = client.weigh(blob(most - 7)).await.unwrap_err();
        assert!(matches!(argument, CallError::NotExecuted(NotExecuted::BadRequest { .. })));
        let answer = client.swell(1, most as u32 + 1).await.unwrap_err();
        assert!(matches!(answer, CallError::Unknown(Unknown::Unreadable { .. })), "{answer}");
        assert_eq!(client.unit().await, Ok(()), "the connection goes on");
        told.push((place, [argument.to_string(), answer.to_string()]));
    }
    assert!(told.iter().all(|(_, texts)| *texts == told[0].1), "{told:#?}");
    places.close().await;
}

/// Enough that at least 10,000 calls are made in each mode.
const SCRIPTS: u32 = 160;

#[test]
fn every_mode_agrees_on_ten_thousand_calls() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let places = runtime.block_on(Places::open());
    let config = Config {
        cases: SCRIPTS,
        max_shrink_iters: 200,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..Config::default()
    };
    let calls = Cell::new(0);
    let outcome = TestRunner::new(config).run(&script(), |steps| {
        let seen = runtime.block_on(places.run(&steps));
        let (first, others) = seen.split_first().unwrap();
        calls.set(calls.get() + first.1.len());
        for (place, other) in others {
            for (number, (here, there)) in first.1.iter().zip(other).enumerate() {
                if here != there {
                    let why = format!("call {number}: {} {here:?}, {place} {there:?}", first.0);
                    return Err(TestCaseError::fail(why));
                }
            }
            assert_eq!(first.1.len(), other.len());
        }
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
    assert!(calls.get() >= 10_000, "only {} calls", calls.get());
    runtime.block_on(places.close());
}
