//! What a table of an older database needs before it can be used, and an index before it is
//! complete. In steps, each a transaction, so that a kill in between costs no row, and whoever
//! comes after it goes on or begins again.

use std::{collections::BTreeSet, ops::Range, sync::Arc};

use super::{
    claim::{Claim, Turn},
    definition::{Declared, Definition},
    migrate::old_key,
};
use crate::{
    Key, Store, StoreError, Transaction, Value,
    codec::{Part, decode_key, decode_value, prefix, starting_with, successor},
    engine::{RawRow, Scan},
    order,
};

/// A step's most rows, and after how many bytes it ends.
const ROWS: usize = 500;
const BYTES: usize = 2 * 1024 * 1024;

/// Makes a table ready: its keys sort as their values do, its rows are counted, and it is known
/// which of its indexes are complete.
///
/// Rows with keys of the older encoding are in a part of the tree of their own, and each is moved in
/// one transaction with others: a row is in one part or in the other, and where it is says how its
/// key is encoded. So there is no version to be written, and nothing to be begun again.
pub(crate) fn prepare<K: Key, V: Value>(
    store: &Store,
    definition: &Arc<Definition<K, V>>,
) -> Result<(), StoreError> {
    let name = definition.name();
    let mut moved = 0;
    loop {
        let of = Arc::clone(definition);
        match store.wait(name, move |tx| move_rows(tx, &of))? {
            0 => break,
            rows => moved += rows,
        }
    }
    if moved > 0 {
        tracing::info!(table = name, rows = moved, "its keys sort as their values do now");
    }
    let of = Arc::clone(definition);
    let marks = store.wait(name, move |tx| {
        if tx.read(of.count_key())?.is_none() {
            let count = tx.count_all(starting_with(of.prefix().to_vec()))?;
            if count > 0 {
                tx.write(of.count_key().to_vec(), Some(count.to_be_bytes().to_vec()))?;
            }
        }
        let marks = tx.read_all(&from(starting_with(of.marks()?), usize::MAX))?;
        Ok(marks.into_iter().map(|(mark, _)| mark).collect::<BTreeSet<_>>())
    })?;
    definition.set_undeclared(marks);
    Ok(())
}

/// Gives some rows their new keys; how many.
fn move_rows<K: Key, V: Value>(
    tx: &mut Transaction,
    definition: &Definition<K, V>,
) -> Result<usize, StoreError> {
    let old = prefix(Part::OldRows, definition.name())?;
    let rows = tx.read_all(&from(starting_with(old.clone()), ROWS))?;
    let mut moved = 0;
    for (key, value) in rows {
        let typed: K = old_key(definition.name(), key.get(old.len()..).unwrap_or_default())?;
        // Not held to the limit of new keys: a text with zeros has become longer.
        let ordered = order::encode(&typed).map_err(|fault| StoreError::Encode {
            table: definition.name().to_owned(),
            cause: fault.to_string(),
        })?;
        let ordered = [definition.prefix(), &ordered].concat();
        tx.write_all(vec![(key, None), (ordered, Some(value))])?;
        moved += 1;
        if tx.size() > BYTES {
            break;
        }
    }
    Ok(moved)
}

/// Lets every write keep an index from now on, and gives it the entries of the rows that are there,
/// unless it is complete already.
pub(crate) fn build<K: Key, V: Value>(
    store: &Store,
    definition: &Arc<Definition<K, V>>,
    index: Arc<Declared<K, V>>,
) -> Result<(), StoreError> {
    let name = index.name.clone();
    let built = complete(store, definition, index);
    if built.is_err() {
        definition.forget(&name);
    }
    built
}

fn complete<K: Key, V: Value>(
    store: &Store,
    definition: &Arc<Definition<K, V>>,
    index: Arc<Declared<K, V>>,
) -> Result<(), StoreError> {
    let name = definition.name();
    let (of, declared) = (Arc::clone(definition), Arc::clone(&index));
    let is_complete = store.wait(name, move |tx| {
        // In a transaction, so that no write comes between this and the first that keeps it.
        of.declare(Arc::clone(&declared));
        let found = tx.read(&declared.mark)?;
        let complete = found.as_ref() == Some(&declared.made_of);
        if found.is_some() && !complete {
            tx.write(declared.mark.clone(), None)?;
        }
        Ok(complete)
    })?;
    if is_complete {
        return Ok(());
    }
    let claim = Claim::new(&index, store.is_shared());
    while claim.take(store, name, &index)? == Turn::Ours {
        match fill(store, definition, &index, &claim) {
            Ok(true) => return Ok(()),
            Ok(false) => claim.lost(name, &index.name),
            Err(error) => {
                claim.give_up(store, name);
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Gives an index its entries, in steps; false if another instance builds it instead, or has
/// written without keeping it.
fn fill<K: Key, V: Value>(
    store: &Store,
    definition: &Arc<Definition<K, V>>,
    index: &Arc<Declared<K, V>>,
    claim: &Claim,
) -> Result<bool, StoreError> {
    let name = definition.name();
    let step = || (Arc::clone(definition), Arc::clone(index), claim.clone());
    // What is left of an index of this name is of rows that may have changed since.
    loop {
        let (_, declared, claim) = step();
        let cleared = store.wait(name, move |tx| {
            if !claim.hold(tx)? {
                return Ok(None);
            }
            let entries = tx.read_all(&from(starting_with(declared.prefix.clone()), ROWS))?;
            let removed = entries.into_iter().map(|(entry, _)| (entry, None)).collect::<Vec<_>>();
            let cleared = removed.len();
            tx.write_all(removed)?;
            Ok(Some(cleared))
        })?;
        match cleared {
            None => return Ok(false),
            Some(0) => break,
            Some(_) => {}
        }
    }
    let mut range = starting_with(definition.prefix().to_vec());
    loop {
        let (of, declared, claim) = step();
        let rows = range.clone();
        let entered = store.wait(name, move |tx| {
            if !claim.hold(tx)? {
                return Ok(None);
            }
            enter_rows(tx, &of, &declared, rows).map(Some)
        })?;
        match entered {
            None => return Ok(false),
            Some(Some(last)) => range.start = successor(last),
            Some(None) => break,
        }
    }
    let (_, declared, claim) = step();
    store.wait(name, move |tx| {
        if !claim.hold(tx)? {
            return Ok(false);
        }
        claim.end(tx, &declared)?;
        Ok(true)
    })
}

/// Enters some rows into an index; the last of them, if there were any.
fn enter_rows<K: Key, V: Value>(
    tx: &mut Transaction,
    definition: &Definition<K, V>,
    index: &Declared<K, V>,
    range: Range<Vec<u8>>,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut last = None;
    let rows: Vec<RawRow> = tx.read_all(&from(range, ROWS))?;
    for (full, value) in rows {
        let row = full.get(definition.prefix().len()..).unwrap_or_default();
        let key = decode_key(definition.name(), row)?;
        let value = decode_value(definition.name(), &value)?;
        for entry in (index.entries)(&key, &value)? {
            definition.check_unique(tx, index, &entry, row)?;
            tx.write(entry, Some(row.to_vec()))?;
        }
        last = Some(full);
        if tx.size() > BYTES {
            break;
        }
    }
    Ok(last)
}

const fn from(range: Range<Vec<u8>>, take: usize) -> Scan {
    Scan { range, reverse: false, skip: 0, take, follow: None }
}
