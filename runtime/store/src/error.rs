//! What can go wrong, and what to do next.

use std::{io, path::PathBuf};

use thiserror::Error;

/// Why a database wasn't opened. Nothing was deleted.
#[derive(Debug, Error)]
pub enum OpenError {
    /// Another process, or another [`Store`](crate::Store) of this one, has it open.
    #[error(
        "{} owns the database {}, and one process owns a database at a time: \
         stop that one, or give this one another data folder",
        owner.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}")),
        path.display()
    )]
    Locked {
        /// The database's folder.
        path: PathBuf,
        /// The owner's process id, where it is known.
        owner: Option<u32>,
    },
    /// The files are damaged, or hold less than was acknowledged.
    #[error(
        "the database {} is damaged: {cause}. Nothing was deleted{}. Stop the app, move {} away, \
         and put a backup in its place; with nothing in its place the service starts empty",
        path.display(),
        copy.as_ref().map_or_else(String::new, |copy| {
            format!(", and a copy from before this attempt is in {}", copy.display())
        }),
        path.display()
    )]
    Corrupt {
        /// The database's folder.
        path: PathBuf,
        /// What the engine found.
        cause: String,
        /// The copy that was made before recovery, if there is one.
        copy: Option<PathBuf>,
    },
    /// The database's server can't be reached, or doesn't serve yet.
    #[error("the database {database} can't be reached: {cause}. Start it, or correct its url")]
    Away {
        /// Where it is, without a password.
        database: String,
        /// What was met.
        cause: String,
    },
    /// The database's server refused: a password, a right, a limit.
    #[error(
        "the database {database} refuses: {cause}. Its user needs the right to connect, and to make \
         a schema or to write to the one that is there"
    )]
    Refused {
        /// Where it is, without a password.
        database: String,
        /// The server's words.
        cause: String,
    },
    /// A copy into the database was begun and not ended: some rows are missing.
    #[error("a copy into this database was cut off, so rows are missing: copy again")]
    Unfinished,
    /// What says where the database is can't be used.
    #[error("{cause}")]
    Setting {
        /// What is wrong with it.
        cause: String,
    },
    /// The operating system refused: permissions, space, a broken disk.
    #[error("can't {action} {}: {source}. Check the folder's owner, its permissions and the free space", path.display())]
    Io {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

/// Why a read or a write failed. A failed write had no effect, unless it says that it
/// [isn't known](Self::is_unknown).
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A key, value or transaction beyond its limit.
    #[error("a {what} of {size} bytes is over the limit of {limit}: split it into smaller rows")]
    TooLarge {
        /// `"key"`, `"value"` or `"transaction"`.
        what: &'static str,
        /// Its size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// serde couldn't write a key or value.
    #[error("a row of the table `{table}` can't be written: {cause}")]
    Encode {
        /// The table's name.
        table: String,
        /// serde's words.
        cause: String,
    },
    /// A stored row doesn't fit the table's types.
    #[error(
        "a row of the table `{table}` doesn't fit its type: {cause}. \
         A field that was added later needs `#[serde(default)]`"
    )]
    Decode {
        /// The table's name.
        table: String,
        /// serde's words.
        cause: String,
    },
    /// Not a name for a table, an index or a sequence.
    #[error("`{name}` is no name for a table, an index or a sequence: use 1 to {limit} bytes")]
    Name {
        /// The refused name.
        name: String,
        /// The limit in bytes.
        limit: usize,
    },
    /// The table was opened before, with other types.
    #[error("the table `{table}` is in use as {before}: a table has one type of key and value")]
    Retyped {
        /// The table's name.
        table: String,
        /// Its types so far.
        before: &'static str,
    },
    /// A transaction was handed a table of another store.
    #[error("the table `{table}` belongs to another store: a transaction spans one store's tables")]
    ForeignTable {
        /// The table's name.
        table: String,
    },
    /// A table or an index was asked for within a transaction, and has to be made ready by another.
    #[error("the table `{table}` must be opened, and its indexes declared, before the transaction")]
    Nested {
        /// The table's name.
        table: String,
    },
    /// Another row has the same key in a unique index.
    #[error("another row of the table `{table}` has the same key in its unique index `{index}`")]
    NotUnique {
        /// The table's name.
        table: String,
        /// The index's name.
        index: String,
    },
    /// A page can't be read. Stop the service and restore a backup.
    #[error("the database is damaged: {cause}. Stop the service and restore a backup")]
    Corrupt {
        /// What the engine found.
        cause: String,
    },
    /// The operating system failed a read, or a write before any of it was brought to disk.
    #[error("the disk failed: {cause}")]
    Disk {
        /// The operating system's words.
        cause: String,
    },
    /// There is no room for the write: the disk, a quota or the open files. Reads go on, and so do
    /// writes once there is room.
    #[error("the store has no room to write: {cause}. Free some, and it goes on by itself")]
    Full {
        /// The operating system's words.
        cause: String,
    },
    /// The database's server can't be reached, or doesn't serve this. It had no effect, and what
    /// comes later may do: no restart is needed.
    #[error(
        "the store's database doesn't serve: {cause}. Once it does, the store goes on by itself"
    )]
    Away {
        /// What was met.
        cause: String,
    },
    /// A write of before couldn't be brought to disk, so this one was refused, as every later one.
    #[error(
        "the store takes no more writes, for it can't bring them to disk: {cause}. Mend the disk, then restart"
    )]
    Poisoned {
        /// The first failure.
        cause: String,
    },
    /// The write was handed to the engine, and what became of it can't be told: after a restart it
    /// is there, whole, or it isn't.
    #[error("whether the store has written this isn't known: {cause}")]
    Unknown {
        /// What got in between.
        cause: String,
    },
    /// The transaction's closure panicked. Nothing was written, and other transactions go on.
    #[error("the transaction panicked and wrote nothing: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
    },
    /// A layer above, which takes part in transactions, refused this one: it wrote nothing.
    #[error("{cause}")]
    Refused {
        /// Why, and what to do instead.
        cause: String,
    },
    /// The store was closed.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the write that failed may have been done all the same. Anything else certainly had
    /// no effect.
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Whether it passes: the same may do once there is room, or the database's server is back.
    pub const fn is_shortage(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Away { .. })
    }

    /// All that [`code`](Self::code) may say.
    pub const CODES: &'static [&'static str] = &[
        "store_too_large",
        "store_encode",
        "store_decode",
        "store_name",
        "store_retyped",
        "store_foreign_table",
        "store_nested",
        "store_not_unique",
        "store_corrupt",
        "store_disk",
        "store_full",
        "store_away",
        "store_poisoned",
        "store_unknown",
        "store_panicked",
        "store_refused",
        "store_closed",
    ];

    /// The error's stable name for programs; one of [`CODES`](Self::CODES).
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "store_too_large",
            Self::Encode { .. } => "store_encode",
            Self::Decode { .. } => "store_decode",
            Self::Name { .. } => "store_name",
            Self::Retyped { .. } => "store_retyped",
            Self::ForeignTable { .. } => "store_foreign_table",
            Self::Nested { .. } => "store_nested",
            Self::NotUnique { .. } => "store_not_unique",
            Self::Corrupt { .. } => "store_corrupt",
            Self::Disk { .. } => "store_disk",
            Self::Full { .. } => "store_full",
            Self::Away { .. } => "store_away",
            Self::Poisoned { .. } => "store_poisoned",
            Self::Unknown { .. } => "store_unknown",
            Self::Panicked { .. } => "store_panicked",
            Self::Refused { .. } => "store_refused",
            Self::Closed => "store_closed",
        }
    }
}

/// Why a transaction has no result.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TransactionError<E> {
    /// The closure returned this error of its own. Nothing was written.
    #[error("{0}")]
    Aborted(E),
    /// The store refused or failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl<E> TransactionError<E> {
    /// Whether the transaction may have been done all the same: see [`StoreError::is_unknown`].
    pub const fn is_unknown(&self) -> bool {
        match self {
            Self::Aborted(_) => false,
            Self::Store(error) => error.is_unknown(),
        }
    }
}

impl<E> TransactionError<TransactionError<E>> {
    /// Makes one layer of two, for closures that return a `TransactionError` themselves: so `?`
    /// works on the store's errors without a conversion into the caller's own error type.
    pub fn flatten(self) -> TransactionError<E> {
        match self {
            Self::Aborted(inner) => inner,
            Self::Store(error) => TransactionError::Store(error),
        }
    }
}

/// For closures that fail with the store's errors alone.
impl From<TransactionError<Self>> for StoreError {
    fn from(error: TransactionError<Self>) -> Self {
        match error {
            TransactionError::Aborted(error) | TransactionError::Store(error) => error,
        }
    }
}

/// The message of a caught panic.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without a message".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An error of each kind; one of a new kind doesn't compile before it is among them.
    macro_rules! one_of_each {
        ($($kind:ident $fields:tt)*) => {{
            const _: fn(&StoreError) = |error| match error {
                $(StoreError::$kind { .. } => (),)*
            };
            [$(StoreError::$kind $fields),*]
        }};
    }

    #[test]
    fn every_code_is_listed() {
        let text = String::new;
        let each = one_of_each! {
            TooLarge { what: "key", size: 2, limit: 1 }
            Encode { table: text(), cause: text() }
            Decode { table: text(), cause: text() }
            Name { name: text(), limit: 1 }
            Retyped { table: text(), before: "u8" }
            ForeignTable { table: text() }
            Nested { table: text() }
            NotUnique { table: text(), index: text() }
            Corrupt { cause: text() }
            Disk { cause: text() }
            Full { cause: text() }
            Away { cause: text() }
            Poisoned { cause: text() }
            Unknown { cause: text() }
            Panicked { message: text() }
            Refused { cause: text() }
            Closed {}
        };
        assert_eq!(each.map(|error| error.code()), StoreError::CODES);
    }
}
