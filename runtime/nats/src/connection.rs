//! The connection to the server, and the app's stream there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::jetstream::{Context, ContextBuilder, stream};
use async_nats::{Client, ConnectOptions};
use seam_bus::subscription::SourceError;
use tokio::sync::OnceCell;
use tokio::time::{Instant, sleep, timeout};

/// How long the server may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(2);
/// So long it may take to say that it keeps an event: one that was lost is sent once more.
const ACK: Duration = Duration::from_secs(1);
/// So often it is looked whether the first connection stands.
const LOOK: Duration = Duration::from_millis(5);
/// How often the connection is proved at least.
const PING: Duration = Duration::from_secs(2);
/// The longest pause before the server is dialled again.
const PAUSE: Duration = Duration::from_millis(500);
/// So long who leaves waits for what is on its way.
const PARTING: Duration = Duration::from_secs(1);

/// The server, dialled when it is first asked. Clones are the same.
#[derive(Clone)]
pub(crate) struct Nats(Arc<Inner>);

struct Inner {
    url: String,
    app: String,
    keep: Duration,
    connection: OnceCell<Client>,
}

impl Nats {
    pub(crate) fn new(url: &str, app: &str, keep: Duration) -> Self {
        let (url, app) = (url.to_owned(), app.to_owned());
        Self(Arc::new(Inner { url, app, keep, connection: OnceCell::new() }))
    }

    /// The subject of a publisher's events of that topic; `>` stands for all topics.
    pub(crate) fn subject(&self, publisher: &str, topic: &str) -> String {
        format!("{}.events.{publisher}.{topic}", self.0.app)
    }

    /// The connection, if it stands: what is sent while it doesn't would be kept by the library, and
    /// sent later.
    pub(crate) async fn client(&self) -> Result<Client, SourceError> {
        let client = self.0.connection.get_or_try_init(|| self.connected()).await?;
        match client.connection_state() {
            State::Connected => Ok(client.clone()),
            _ => Err(away("no connection to the NATS server")),
        }
    }

    async fn connect(&self) -> Result<Client, SourceError> {
        ConnectOptions::new()
            .name(format!("seam {}", self.0.app))
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .request_timeout(Some(PATIENCE))
            .ping_interval(PING)
            .reconnect_delay_callback(|attempts| {
                PAUSE.min(Duration::from_millis(attempts as u64 * 50))
            })
            .connect(self.0.url.split(',').map(str::trim).collect::<Vec<_>>())
            .await
            .map_err(away)
    }

    /// The first connection is on its way when the library hands it out.
    async fn connected(&self) -> Result<Client, SourceError> {
        let client = self.connect().await?;
        let until = Instant::now() + PATIENCE;
        while client.connection_state() == State::Pending && Instant::now() < until {
            sleep(LOOK).await;
        }
        Ok(client)
    }

    pub(crate) async fn context(&self) -> Result<Context, SourceError> {
        let client = self.client().await?;
        Ok(ContextBuilder::new().timeout(PATIENCE).ack_timeout(ACK).build(client))
    }

    /// The app's stream, which is made if it isn't there.
    pub(crate) async fn stream(&self, context: &Context) -> Result<stream::Stream, SourceError> {
        let Inner { app, keep, .. } = &*self.0;
        let config = stream::Config {
            name: format!("{app}-events"),
            subjects: vec![format!("{app}.events.>")],
            max_age: *keep,
            storage: stream::StorageType::File,
            num_replicas: 1,
            ..stream::Config::default()
        };
        context.get_or_create_stream(config).await.map_err(away)
    }

    /// Sends what is on its way.
    pub(crate) async fn close(&self) {
        if let Some(client) = self.0.connection.get() {
            // What isn't sent comes once more.
            let _ = timeout(PARTING, client.flush()).await;
        }
    }
}

#[allow(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
pub(crate) fn away(error: impl ToString) -> SourceError {
    SourceError::new(format!("NATS: {}", error.to_string()))
}

impl fmt::Debug for Nats {
    // Without the url, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nats({})", self.0.app)
    }
}
