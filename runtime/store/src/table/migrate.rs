//! Keys as they were encoded before: by bincode, big-endian and of fixed width, so that texts sorted
//! by length and negative numbers came last.

use bincode::config::{BigEndian, Configuration, Fixint, Limit};
use serde::de::DeserializeOwned;

use crate::{MAX_KEY, StoreError};

/// The limit keeps a damaged length from allocating.
const KEYS: Configuration<BigEndian, Fixint, Limit<MAX_KEY>> =
    bincode::config::legacy().with_big_endian().with_limit::<MAX_KEY>();

/// A key of an older database.
pub(super) fn old_key<K: DeserializeOwned>(table: &str, bytes: &[u8]) -> Result<K, StoreError> {
    let wrong = |cause| StoreError::Decode { table: table.to_owned(), cause };
    let (key, used) = bincode::serde::decode_from_slice(bytes, KEYS)
        .map_err(|e| wrong(format!("its key: {e}")))?;
    if used != bytes.len() {
        return Err(wrong(format!("its key has {} bytes too many", bytes.len() - used)));
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::*;
    use crate::{
        Key, Keys, Memory, Store, StoreOptions, Table,
        codec::{Part, encode_value, prefix},
        engine::Fault,
    };

    /// Writes rows as they were written before.
    async fn write_old<K: Serialize>(store: &Store, name: &'static str, keys: &[K]) {
        let old = prefix(Part::OldRows, name).unwrap();
        let row = |key: &K| {
            let bytes = bincode::serde::encode_to_vec(key, KEYS).unwrap();
            ([old.as_slice(), &bytes].concat(), Some(encode_value(name, &bytes).unwrap()))
        };
        let rows = keys.iter().map(row).collect();
        store.transaction(move |tx| tx.write_all(rows)).await.unwrap();
    }

    fn open(memory: &Memory) -> Store {
        Store::open_on(memory.clone(), StoreOptions::default()).unwrap()
    }

    /// They are all there, each with the value that its old key got, and in order.
    async fn moved<K: Key + Ord + Clone + std::fmt::Debug + Sync>(
        name: &'static str,
        mut keys: Vec<K>,
    ) {
        let memory = Memory::new();
        let store = open(&memory);
        write_old(&store, name, &keys).await;
        let table: Table<K, Vec<u8>> = store.table(name).unwrap();
        keys.sort_unstable();
        let expected: Vec<_> = keys
            .iter()
            .map(|key| (key.clone(), bincode::serde::encode_to_vec(key, KEYS).unwrap()))
            .collect();
        assert_eq!(table.scan(Keys::all()).await.unwrap(), expected);
        assert_eq!(table.count().await, Ok(keys.len() as u64));
        assert_eq!(table.get(&keys[0]).await.unwrap().as_ref(), Some(&expected[0].1));
    }

    #[tokio::test]
    async fn old_keys_get_their_order() {
        moved("texts", ["b", "", "aaa", "ab\0", "ab"].map(String::from).to_vec()).await;
        moved("signed", vec![1_i64, -1, i64::MIN, i64::MAX, 0, -256]).await;
        moved("pairs", vec![(7_u64, Some("x".to_owned())), (7, None), (0, Some(String::new()))])
            .await;
        moved("lists", vec![vec![1_u8, 2], vec![], vec![1], vec![0, 0, 0]]).await;
    }

    /// Killed after any step, it goes on where it was, and loses nothing.
    #[tokio::test]
    async fn a_move_that_was_cut_off_goes_on() {
        let keys: Vec<i32> = (-900..900).collect();
        for step in 0..5 {
            let memory = Memory::new();
            write_old(&open(&memory), "numbers", &keys).await;
            memory.next((0..step).map(|_| None).chain([Some(Fault::Fail)]));
            let store = open(&memory);
            let refused = store.table::<i32, Vec<u8>>("numbers").unwrap_err();
            assert_eq!(refused.code(), "store_disk", "at step {step}");
            drop(store);
            let store = open(&memory);
            let table: Table<i32, Vec<u8>> = store.table("numbers").unwrap();
            let rows = table.scan(Keys::all()).await.unwrap();
            assert_eq!(rows.into_iter().map(|row| row.0).collect::<Vec<_>>(), keys);
            assert_eq!(table.count().await, Ok(1800));
        }
    }
}
