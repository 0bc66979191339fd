//! Tables of a service in a database of its own, acknowledged when on disk.
//!
//! A [`Store`] is one folder, owned by one process at a time, or another [`engine`]: a schema of a
//! PostgreSQL database, say, that several processes share (feature `postgres`). Its [`Table`]s
//! are typed and sorted, have indexes, and count their rows; a [transaction](Store::transaction)
//! spans any of them.
//!
//! ```
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use seam_store::{Keys, Store, Table};
//!
//! let store = Store::open_async("data/payment").await?;
//! let mut receipts: Table<(u64, u64), String> = store.table("receipts")?;
//! receipts.insert(&(7, 1), &"paid".to_owned()).await?;
//! let of_order_7 = receipts.scan(Keys::prefix(&7_u64).take(100)).await?;
//! store.close().await?;
//! # Ok(()) }
//! ```
//!
//! # What is promised
//!
//! - **Acknowledged is on disk.** A write's future resolves after sled's flush *and* a sync of its
//!   file, which sled's flush alone is not. All transactions that wait meanwhile share the next sync.
//! - **Told is on disk.** A read of a row that is being written waits for its sync, so nothing that
//!   anybody was told is lost by a crash.
//! - **Whole or not at all.** All tables live in one tree, a transaction is one atomic batch, and
//!   no read sees half of one.
//! - **A shortage passes.** What can't be written for want of room is refused, with no effect;
//!   reads go on, and so do writes once there is room.
//! - **A failed sync ends writing.** From then on every write is refused until the store is opened
//!   anew, because a disk that failed once may lie the next time.
//! - **Damage is an error.** What sled would cut off in silence shows as [`OpenError::Corrupt`]: a
//!   small file beside the database knows what was acknowledged. After a kill the files are copied
//!   aside before recovery.
//! - **Nothing is unbounded.** Keys, values, transactions and queues have limits; waiting for room
//!   in a queue is async.
//!
//! Disk work runs on the store's own threads, one that writes and two that read; a row that is in
//! memory is read where its caller is. No runtime is needed: any executor may poll the futures.
//!
//! # What is where
//!
//! ```text
//! store        the handle; transaction, hook, space: what transactions do, and what joins them
//! table/       tables, indexes, and what makes old ones ready
//! keys, order/ which keys a scan visits, and keys as bytes that sort as they do
//! cache        rows in memory
//! disk/        what files in a folder need that one process owns
//! engine/      what a store stands on: sled, PostgreSQL, or memory
//! copy         all rows of one engine, brought to another
//! ```
//!
//! # Room on disk
//!
//! sled never shrinks its file: rows that go away make room for later ones.

mod cache;
mod codec;
mod copy;
#[doc(hidden)]
pub mod disk;
mod empty;
pub mod engine;
mod error;
mod hook;
mod keys;
mod order;
mod space;
mod store;
mod table;
mod transaction;

#[cfg(feature = "postgres")]
pub use crate::engine::Postgres;
pub use crate::{
    codec::{Key, MAX_KEY, MAX_NAME, MAX_RAW, MAX_VALUE, Value},
    copy::{CopyError, copy},
    engine::{Condition, Memory, Sled},
    error::{OpenError, StoreError, TransactionError},
    hook::{Begun, Hook},
    keys::Keys,
    space::Space,
    store::{Store, StoreOptions},
    table::{Index, Table, Unique},
    transaction::{MAX_TRANSACTION, Transaction},
};
