//! The body of a call, whatever it is, read as a message of every kind of type. What reads must
//! write as the same bytes; what doesn't must be refused without a panic or a large allocation.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use seam_core::codec;

#[seam::message]
enum Kind {
    Nothing,
    One(u64),
    Named { name: String, at: Option<Option<i32>> },
}

#[seam::message]
struct Everything {
    kinds: Vec<Kind>,
    by_name: BTreeMap<String, (u8, Option<bool>)>,
    bytes: Vec<u8>,
    pair: [u16; 2],
    boxed: Box<Kind>,
    letter: char,
    number: f64,
}

fuzz_target!(|body: &[u8]| {
    let Ok(message) = codec::decode::<Everything>(body) else { return };
    let mut again = Vec::new();
    assert_eq!(codec::encode(&message, &mut again), Ok(()));
    // A map takes the last of equal keys, so that fewer bytes may come back; never more.
    assert!(again.len() <= body.len());
    let same: Everything = codec::decode(&again).expect("what was written reads");
    let mut twice = Vec::new();
    assert_eq!(codec::encode(&same, &mut twice), Ok(()));
    assert_eq!(again, twice);
});
