//! How many durable writes and reads a store does per second, by the number of callers:
//! `cargo run --release -p seam-store --example throughput -- [FOLDER]`. The folder decides which
//! disk is measured; with `--features postgres` it may be the url of a database instead.

#![allow(clippy::print_stdout, reason = "it reports to a person")]

use std::{
    env,
    error::Error,
    path::Path,
    time::{Duration, Instant},
};

use seam_store::{Sled, Store, StoreError, StoreOptions, Table};

/// How long each row of the report takes.
const SPAN: Duration = Duration::from_secs(2);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let place = env::args().nth(1);
    let place = place.unwrap_or_else(|| env::temp_dir().display().to_string());
    let folder = match place.starts_with("postgres:") {
        true => None,
        false => Some(tempfile::tempdir_in(&place)?),
    };
    let place = folder.as_ref().map_or(place, |folder| folder.path().display().to_string());
    let begun = Instant::now();
    let store = open(&place).await?;
    println!("open a new store {:>9.1?}", begun.elapsed());
    let table: Table<u64, [u64; 4]> = store.table("rows")?;
    for callers in [1, 8, 64, 256] {
        let writes = measure(callers, |_| {
            let inside = table.clone();
            let written = store.transaction(move |tx| {
                let id = tx.next_id(&inside)?;
                tx.insert(&inside, &id, &[id; 4])
            });
            async move { written.await.map_err(|error| error.to_string()) }
        });
        let writes = writes.await?;
        println!("{callers:>4} writers {:>9.0} transactions/s {:>9.1?} each", writes.0, writes.1);
    }
    for callers in [1, 8, 64] {
        let reads = measure(callers, |turn| {
            let read = table.get(&(1 + turn % 1000));
            async move { read.await.map(drop).map_err(|error: StoreError| error.to_string()) }
        });
        let reads = reads.await?;
        println!("{callers:>4} readers {:>9.0} gets/s         {:>9.1?} each", reads.0, reads.1);
    }
    let rows = table.count().await?;
    let begun = Instant::now();
    store.close().await?;
    println!("close with {rows} rows {:>9.1?}", begun.elapsed());
    let begun = Instant::now();
    let store = open(&place).await?;
    println!("open again {:>9.1?}", begun.elapsed());
    store.close().await?;
    Ok(())
}

/// The database in this folder, or the one of this url.
async fn open(place: &str) -> Result<Store, Box<dyn Error>> {
    let options = StoreOptions::default();
    #[cfg(feature = "postgres")]
    if place.starts_with("postgres:") {
        let engine = seam_store::Postgres::new(place, "throughput")?;
        return Ok(Store::open_on_async(engine, options).await?);
    }
    let engine = Sled::new(Path::new(place).join("store"));
    Ok(Store::open_on_async(engine, options).await?)
}

/// Operations per second, and the mean time of one, with so many callers one after another each.
async fn measure<F>(
    callers: u32,
    operation: impl Fn(u64) -> F,
) -> Result<(f64, Duration), Box<dyn Error>>
where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let begun = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..callers {
        running.spawn(operation(0));
    }
    let mut done = 0_u32;
    while let Some(ended) = running.join_next().await {
        ended??;
        done += 1;
        if begun.elapsed() < SPAN {
            running.spawn(operation(u64::from(done)));
        }
    }
    let took = begun.elapsed();
    Ok((f64::from(done) / took.as_secs_f64(), took * callers / done))
}
