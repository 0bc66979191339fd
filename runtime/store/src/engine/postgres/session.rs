//! A connection, and what it can be asked.

use std::{future::Future, ops::Range, time::Duration};

use tokio::{task::JoinHandle, time::timeout};
use tokio_postgres::{
    Client, Config, Error, NoTls, Row, SimpleQueryMessage, Statement, types::FromSqlOwned,
};

use super::{failure::Failure, settings::Settings};
use crate::{
    StoreError,
    engine::{RawRow, Scan, Writes},
};

/// How long a statement may take in the database, the wait for the lock included.
const STATEMENT: Duration = Duration::from_secs(10);

/// How long its answer may take. A database that is alive has ended the statement by then.
const ANSWER: Duration = Duration::from_secs(12);

/// How long connecting and preparing may take in all.
const DIAL: Duration = Duration::from_secs(5);

/// Who stands still within a transaction, or doesn't take what was asked for, loses it after so
/// long: others wait for the lock.
const IDLE: Duration = Duration::from_secs(2);

/// A connection with its statements. Many may ask at once: they are answered in turn, without
/// waiting for one another's way there and back.
pub(super) struct Session {
    client: Client,
    statements: Statements,
    /// What carries its bytes.
    carrier: tokio::task::AbortHandle,
}

/// Resolves when a connection has ended, with the reason if there is one.
pub(super) type Ended = JoinHandle<Option<Failure>>;

/// Which transaction of the database's this is.
pub(super) type Number = i64;

struct Statements {
    one: Statement,
    many: Statement,
    scan: Directed,
    follow: Directed,
    count: Statement,
    write: Statement,
    remove: Statement,
}

/// The same statement in both directions.
struct Directed {
    forth: Statement,
    back: Statement,
}

impl Session {
    /// Connects, on the runtime of the caller.
    pub(super) async fn dial(settings: &Settings) -> Result<(Self, Ended), Failure> {
        within(DIAL, async {
            let (client, ended) = connect(settings).await?;
            let statements = Statements::prepare(&client, &settings.table()).await?;
            let carrier = ended.abort_handle();
            Ok((Self { client, statements, carrier }, ended))
        })
        .await
    }

    /// Whether it may be of use still.
    pub(super) fn is_alive(&self) -> bool {
        !self.client.is_closed()
    }

    /// Ends it at once, whatever it is in the middle of.
    pub(super) fn cut(&self) {
        self.carrier.abort();
    }

    pub(super) async fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let rows = within(ANSWER, self.client.query(&self.statements.one, &[&key])).await?;
        rows.first().map(|row| column(row, 0)).transpose()
    }

    /// As of one moment, for it is one statement.
    pub(super) async fn get_many(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Vec<u8>>>, Failure> {
        if let [key] = keys {
            return Ok(vec![self.get(key).await?]);
        }
        let rows = within(ANSWER, self.client.query(&self.statements.many, &[&keys])).await?;
        let rows = rows.iter().map(raw_row).collect::<Result<Vec<_>, _>>()?;
        let found: std::collections::HashMap<_, _> = rows.into_iter().collect();
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    /// As of one moment, with the rows that entries of an index name.
    pub(super) async fn scan(&self, scan: &Scan) -> Result<Vec<RawRow>, Failure> {
        let Range { start, end } = &scan.range;
        let number = |rows: usize| i64::try_from(rows).unwrap_or(i64::MAX);
        let (take, skip) = (number(scan.take), number(scan.skip));
        let Statements { scan: plain, follow, .. } = &self.statements;
        let rows = match &scan.follow {
            None => {
                let query = plain.direction(scan.reverse);
                within(ANSWER, self.client.query(query, &[start, end, &take, &skip])).await?
            }
            Some(table) => {
                let query = follow.direction(scan.reverse);
                within(ANSWER, self.client.query(query, &[start, end, &take, &skip, table])).await?
            }
        };
        rows.iter().map(raw_row).collect()
    }

    pub(super) async fn count(&self, range: &Range<Vec<u8>>) -> Result<u64, Failure> {
        let bounds: [&(dyn tokio_postgres::types::ToSql + Sync); 2] = [&range.start, &range.end];
        let rows = within(ANSWER, self.client.query(&self.statements.count, &bounds)).await?;
        let count: i64 = rows.first().map_or(Ok(0), |row| column(row, 0))?;
        Ok(count.unsigned_abs())
    }

    /// Begins a transaction that sees everything that was committed before, for it holds the lock
    /// that all writers take. Each statement of it sees what is committed when that begins, so the
    /// lock comes first.
    pub(super) async fn begin(&self, settings: &Settings) -> Result<Number, Failure> {
        let begin = format!(
            "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; {}; SELECT txid_current()",
            settings.lock()
        );
        let answers = within(ANSWER, self.client.simple_query(&begin)).await;
        let answers = answers.map_err(|failure| match failure.error {
            StoreError::Away { cause } if !failure.broken => Failure::refused(format!(
                "no turn to write, which another instance may have had all the while: {cause}"
            )),
            _ => failure,
        })?;
        let last = answers.iter().rev().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        });
        last.and_then(|number| number.parse().ok()).ok_or_else(|| {
            let cause = "it gave a transaction no number".to_owned();
            Failure { error: StoreError::Away { cause }, broken: true }
        })
    }

    /// Ends a transaction that wrote nothing.
    pub(super) async fn abort(&self) -> Result<(), Failure> {
        within(ANSWER, self.client.batch_execute("ROLLBACK")).await
    }

    /// Writes and commits, all of it or nothing. It isn't waited for in between: what follows an
    /// error is refused, and the commit is an abort then.
    ///
    /// # Errors
    /// If the failure isn't [broken](Failure::broken), nothing was written.
    pub(super) async fn commit(&self, writes: &Writes) -> Result<(), Failure> {
        let (mut keys, mut values, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in writes {
            match value {
                Some(value) => {
                    keys.push(key.as_slice());
                    values.push(value.as_slice());
                }
                None => gone.push(key.as_slice()),
            }
        }
        let write = async {
            match keys.is_empty() {
                true => Ok(0),
                false => self.client.execute(&self.statements.write, &[&keys, &values]).await,
            }
        };
        let remove = async {
            match gone.is_empty() {
                true => Ok(0),
                false => self.client.execute(&self.statements.remove, &[&gone]).await,
            }
        };
        let commit = self.client.batch_execute("COMMIT");
        let all = async {
            // In this order they are sent.
            let (written, removed, committed) = tokio::join!(biased; write, remove, commit);
            Ok::<_, Error>((written, removed, committed))
        };
        let (written, removed, committed) = within(ANSWER, all).await?;
        // The first failure has the reason; the others say that there was one.
        written.map_err(Failure::from)?;
        removed.map_err(Failure::from)?;
        committed.map_err(Failure::from)
    }

    /// What became of a transaction, asked within another one, so that the one of before has ended:
    /// both need the lock. None if the database has forgotten.
    pub(super) async fn has_committed(&self, number: Number) -> Result<Option<bool>, Failure> {
        let asked = format!("SELECT txid_status({number})");
        let answers = within(ANSWER, self.client.simple_query(&asked)).await?;
        Ok(answers.iter().find_map(|answer| match answer {
            SimpleQueryMessage::Row(row) => match row.get(0) {
                Some("committed") => Some(true),
                Some("aborted") => Some(false),
                _ => None,
            },
            _ => None,
        }))
    }
}

/// Makes the schema and its table, unless they are there.
pub(super) async fn create(settings: &Settings) -> Result<(), Failure> {
    within(DIAL, async {
        let (client, _ended) = connect(settings).await?;
        let (schema, table, lock) = (settings.schema(), settings.table(), settings.lock());
        // Looked for first: who may only use them needs no right to make them.
        let look = format!("SELECT to_regclass('{table}') IS NOT NULL");
        let there = client.query(&look, &[]).await?;
        if there.first().is_some_and(|row| row.get(0)) {
            return Ok(());
        }
        // Under the lock: of two that make the same one at once, one would fail.
        let create = format!(
            "BEGIN; {lock}; CREATE SCHEMA IF NOT EXISTS \"{schema}\"; \
             CREATE TABLE IF NOT EXISTS {table} (key bytea PRIMARY KEY, value bytea NOT NULL); \
             COMMIT"
        );
        client.batch_execute(&create).await
    })
    .await
}

/// How many connections others have to a store of this service in this database, by the name that each
/// gives itself, and as far as the user may see them.
pub(super) async fn others(settings: &Settings) -> Result<u64, Failure> {
    within(DIAL, async {
        let (client, _ended) = connect(settings).await?;
        let same = "SELECT count(*) FROM pg_stat_activity \
                    WHERE datname = current_database() AND pid <> pg_backend_pid() \
                    AND application_name = current_setting('application_name')";
        let count: i64 = client.query_one(same, &[]).await?.try_get(0)?;
        Ok(count.unsigned_abs())
    })
    .await
}

/// A connection with the settings that a store needs, carried by the caller's runtime.
async fn connect(settings: &Settings) -> Result<(Client, Ended), Error> {
    let (client, ended) = match &settings.tls {
        Some(tls) => {
            let (client, connection) = settings.config.connect(tls.clone()).await?;
            (client, tokio::spawn(async { connection.await.err().map(Failure::from) }))
        }
        None => {
            let (client, connection) = plain(&settings.config).await?;
            (client, tokio::spawn(async { connection.await.err().map(Failure::from) }))
        }
    };
    let (statement, idle) = (STATEMENT.as_millis(), IDLE.as_millis());
    // Keys are read by the index, whatever a planner thinks of a table that was empty a minute ago.
    // A server whose commits don't wait for the disk is asked to wait for ours.
    let set = format!(
        "SET statement_timeout = {statement}; SET idle_in_transaction_session_timeout = {idle}; \
         SET tcp_user_timeout = {idle}; SET client_min_messages = warning; \
         SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
         SET enable_mergejoin = off; SET enable_sort = off; \
         SELECT set_config('synchronous_commit', 'on', false) \
         WHERE current_setting('synchronous_commit') = 'off'"
    );
    client.batch_execute(&set).await?;
    Ok((client, ended))
}

async fn plain(
    config: &Config,
) -> Result<
    (Client, tokio_postgres::Connection<tokio_postgres::Socket, tokio_postgres::tls::NoTlsStream>),
    Error,
> {
    config.connect(NoTls).await
}

impl Statements {
    async fn prepare(client: &Client, table: &str) -> Result<Self, Error> {
        let within = "key >= $1 AND key < $2";
        let scan = |order: &str| {
            format!(
                "SELECT key, value FROM {table} WHERE {within} \
                 ORDER BY key {order} LIMIT $3 OFFSET $4"
            )
        };
        let follow = |order: &str| {
            format!(
                "SELECT row.key, row.value FROM ({}) AS entry \
                 JOIN {table} AS row ON row.key = $5::bytea || entry.value \
                 ORDER BY entry.key {order}",
                scan(order)
            )
        };
        let one = format!("SELECT value FROM {table} WHERE key = $1");
        let many = format!("SELECT key, value FROM {table} WHERE key = ANY($1)");
        let count = format!("SELECT count(*) FROM {table} WHERE {within}");
        let write = format!(
            "INSERT INTO {table} (key, value) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
             ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value"
        );
        let remove = format!("DELETE FROM {table} WHERE key = ANY($1)");
        let (forth, back) = (scan("ASC"), scan("DESC"));
        let (follow_forth, follow_back) = (follow("ASC"), follow("DESC"));
        // All of them on one way there and back.
        let (one, many, count, write, remove, forth, back, follow_forth, follow_back) = tokio::try_join!(
            client.prepare(&one),
            client.prepare(&many),
            client.prepare(&count),
            client.prepare(&write),
            client.prepare(&remove),
            client.prepare(&forth),
            client.prepare(&back),
            client.prepare(&follow_forth),
            client.prepare(&follow_back),
        )?;
        let scan = Directed { forth, back };
        let follow = Directed { forth: follow_forth, back: follow_back };
        Ok(Self { one, many, scan, follow, count, write, remove })
    }
}

impl Directed {
    const fn direction(&self, reverse: bool) -> &Statement {
        if reverse { &self.back } else { &self.forth }
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Failure> {
    match timeout(limit, work).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::silence(limit)),
    }
}

fn raw_row(row: &Row) -> Result<RawRow, Failure> {
    Ok((column(row, 0)?, column(row, 1)?))
}

fn column<T: FromSqlOwned>(row: &Row, number: usize) -> Result<T, Failure> {
    Ok(row.try_get(number)?)
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("alive", &self.is_alive()).finish_non_exhaustive()
    }
}
