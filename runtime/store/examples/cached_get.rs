//! What reading a row costs that is in memory, and one that isn't:
//! `cargo run --release -p seam-store --example cached_get`. With a number as its argument it makes
//! so many cached reads and nothing else, for `strace -f -c`.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

use std::{env, error::Error, hint::black_box, time::Instant};

use seam_store::{Sled, Store, StoreOptions, Table};
use serde::{Deserialize, Serialize};

const ROWS: u64 = 1000;

/// A row as services have them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Account {
    id: u64,
    name: String,
    email: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let cached = open(&folder.path().join("cached"), StoreOptions::default()).await?;
    if let Some(reads) = env::args().nth(1) {
        return gets(&cached, reads.parse()?).await.map(drop);
    }
    gets(&cached, 200_000).await?;
    println!("in memory      {:>9.0} ns per get", gets(&cached, 2_000_000).await?);
    let table: Table<u64, u64> = cached.store().table("numbers")?;
    table.clone().insert(&1, &1).await?;
    let begun = Instant::now();
    for _ in 0..2_000_000 {
        black_box(table.get(&1).await?);
    }
    println!("a number alone {:>9.0} ns per get", begun.elapsed().as_nanos() as f64 / 2e6);
    let uncached = open(&folder.path().join("uncached"), StoreOptions::default().cache(0)).await?;
    println!("by a reader    {:>9.0} ns per get", gets(&uncached, 100_000).await?);
    Ok(())
}

/// Nanoseconds per read.
async fn gets(table: &Table<u64, Account>, reads: u64) -> Result<f64, Box<dyn Error>> {
    let begun = Instant::now();
    for read in 0..reads {
        let row = table.get(&(read % ROWS)).await?;
        assert!(black_box(row).is_some());
    }
    Ok(begun.elapsed().as_nanos() as f64 / reads as f64)
}

async fn open(
    folder: &std::path::Path,
    options: StoreOptions,
) -> Result<Table<u64, Account>, Box<dyn Error>> {
    let store = Store::open_on(Sled::new(folder), options)?;
    let table: Table<u64, Account> = store.table("accounts")?;
    let inside = table.clone();
    let filled = store.transaction(move |tx| {
        (0..ROWS).try_for_each(|id| {
            let (name, email) = (format!("user {id}"), format!("user{id}@example.com"));
            tx.insert(&inside, &id, &Account { id, name, email })
        })
    });
    filled.await?;
    Ok(table)
}
