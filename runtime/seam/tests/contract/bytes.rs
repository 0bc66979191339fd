//! Byte strings: copied at once, and encoded as any list of numbers is.

use seam_core::codec::{self, CodecError};
use seam_core::contract::{Layout, Message};
use seam_store::Store;
use serde_json::json;

/// What the macro doesn't know for a byte string: its elements go one by one.
type Slow = Vec<u8>;

#[seam::message]
struct Blob {
    before: u16,
    bytes: Vec<u8>,
    #[serde(default)]
    more: std::vec::Vec<u8>,
    kind: Kind,
    wrapped: Vec<Wrapped>,
}

#[seam::message]
enum Kind {
    One(Vec<u8>),
    Two(u8, Vec<u8>),
    Named { bytes: Vec<u8> },
}

#[seam::message]
struct Wrapped(Vec<u8>);

mod slow {
    use super::Slow;

    #[seam::message]
    pub(super) struct Blob {
        pub(super) before: u16,
        pub(super) bytes: Slow,
        #[serde(default)]
        pub(super) more: Slow,
        pub(super) kind: Kind,
        pub(super) wrapped: Vec<Wrapped>,
    }

    #[seam::message]
    pub(super) enum Kind {
        One(Slow),
        Two(u8, Slow),
        Named { bytes: Slow },
    }

    #[seam::message]
    pub(super) struct Wrapped(pub(super) Slow);
}

/// The same value, as both types.
fn pairs() -> Vec<(Blob, slow::Blob)> {
    let long: Vec<u8> = (0..100_000_u32).map(|n| n as u8).collect();
    [vec![], vec![255], long]
        .into_iter()
        .flat_map(|bytes| {
            let kinds = [
                (Kind::One(bytes.clone()), slow::Kind::One(bytes.clone())),
                (Kind::Two(1, bytes.clone()), slow::Kind::Two(1, bytes.clone())),
                (Kind::Named { bytes: bytes.clone() }, slow::Kind::Named { bytes: bytes.clone() }),
            ];
            kinds.map(|(kind, slow)| {
                let (bytes, more) = (bytes.clone(), vec![7; 3]);
                let wrapped = vec![Wrapped(vec![1, 2]), Wrapped(bytes.clone())];
                let one = Blob { before: 1, bytes, more, kind, wrapped };
                let other = slow::Blob {
                    before: 1,
                    bytes: one.bytes.clone(),
                    more: one.more.clone(),
                    kind: slow,
                    wrapped: one.wrapped.iter().map(|w| slow::Wrapped(w.0.clone())).collect(),
                };
                (one, other)
            })
        })
        .collect()
}

fn encoded<T: Message>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    codec::encode(value, &mut out).unwrap();
    out
}

fn layout<T: Message>() -> String {
    let mut out = Layout::default();
    T::layout(&mut out);
    out.into_string()
}

#[test]
fn what_is_encoded_at_once_is_what_is_encoded_one_by_one() {
    for (blob, slow) in pairs() {
        let bytes = encoded(&blob);
        assert!(bytes == encoded(&slow), "{} bytes", blob.bytes.len());
        assert!(codec::decode::<Blob>(&bytes).as_ref() == Ok(&blob));
        assert!(codec::decode::<slow::Blob>(&bytes).as_ref() == Ok(&slow));
        let whole = encoded(&blob.bytes);
        assert!(whole == encoded(&Wrapped(blob.bytes.clone())));
        assert!(codec::decode::<Vec<u8>>(&whole).as_ref() == Ok(&blob.bytes));
    }
    assert_eq!(layout::<Blob>(), layout::<slow::Blob>());
}

#[test]
fn in_json_they_are_lists_of_numbers() {
    for (blob, slow) in pairs() {
        let text = serde_json::to_string(&blob).unwrap();
        assert!(text == serde_json::to_string(&slow).unwrap());
        assert!(serde_json::from_str::<Blob>(&text).unwrap() == blob);
    }
    assert_eq!(serde_json::to_value(Wrapped(vec![1, 255])).unwrap(), json!([1, 255]));
    let blob: Blob = serde_json::from_value(
        json!({"before": 1, "bytes": [], "kind": {"one": []}, "wrapped": []}),
    )
    .unwrap();
    assert_eq!(blob.more, [0; 0]);
    assert_eq!(schemars_of::<Blob>(), schemars_of::<slow::Blob>());
}

fn schemars_of<T: Message>() -> serde_json::Value {
    seam::__private::schemars::schema_for!(T).to_value()
}

#[test]
fn a_length_that_nothing_follows_is_refused() {
    let refused = |bytes: &[u8]| {
        let malformed = |error: &CodecError| matches!(error, CodecError::Malformed(_));
        assert!(codec::decode::<Vec<u8>>(bytes).as_ref().is_err_and(malformed));
        assert!(codec::decode::<Wrapped>(bytes).as_ref().is_err_and(malformed));
        let variant = [&[0; 4], bytes].concat();
        assert!(codec::decode::<Kind>(&variant).as_ref().is_err_and(malformed));
    };
    for length in [3, codec::MAX_BODY as u64, 1 << 40, 1 << 60, u64::MAX] {
        refused(&[&length.to_le_bytes()[..], &[1, 2]].concat());
    }
    refused(&[2, 0, 0]);
}

#[tokio::test]
async fn a_row_takes_a_byte_each_and_older_rows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_async(folder.path()).await.unwrap();
    let bytes = vec![255; 60_000];
    let mut table = store.table::<u8, Wrapped>("blobs").unwrap();
    table.insert(&1, &Wrapped(bytes.clone())).await.unwrap();
    let mut older = store.table::<u8, slow::Wrapped>("older").unwrap();
    older.insert(&1, &slow::Wrapped(vec![1, 255])).await.unwrap();
    store.close().await.unwrap();
    drop((table, older, store));

    let store = Store::open_async(folder.path()).await.unwrap();
    let table = store.table::<u8, Wrapped>("blobs").unwrap();
    assert!(table.get(&1).await.unwrap() == Some(Wrapped(bytes)));
    let older = store.table::<u8, Wrapped>("older").unwrap();
    assert_eq!(older.get(&1).await.unwrap(), Some(Wrapped(vec![1, 255])));
}
