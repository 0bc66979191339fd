//! The connection to a broker: one per process, made anew whenever it is lost.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lapin::options::QueueDeclareOptions;
use lapin::types::FieldTable;
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// So long the broker may take to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// So long who leaves waits for the broker's word.
pub(crate) const PARTING: Duration = Duration::from_secs(1);
/// The broker's code for an end in good order.
pub(crate) const BYE: u16 = 200;
/// The broker's code for what isn't there.
const NOT_FOUND: u16 = 404;
/// After so many seconds of silence both sides make sure that the other one is there; after twice as many
/// they give it up.
const HEARTBEAT: u16 = 10;

/// The broker that a URL names, dialled when it is first asked. Clones are the same.
#[derive(Clone)]
pub struct Rabbit(Arc<Inner>);

struct Inner {
    uri: AMQPUri,
    app: String,
    /// Where what it does in the background is done.
    home: Handle,
    open: Mutex<Option<Arc<Connection>>>,
}

/// Why the broker does nothing for now, for people; it is asked again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Away(pub(crate) String);

impl Rabbit {
    /// The broker at `amqp://USER:PASSWORD@HOST:PORT/VHOST`, for that app.
    ///
    /// # Errors
    /// What is wrong with the URL, for people.
    pub fn new(url: &str, app: &str, home: Handle) -> Result<Self, String> {
        let mut uri: AMQPUri = url.parse()?;
        uri.query.heartbeat.get_or_insert(HEARTBEAT);
        Ok(Self(Arc::new(Inner { uri, app: app.to_owned(), home, open: Mutex::default() })))
    }

    /// The app that it works for.
    pub(crate) fn app(&self) -> &str {
        &self.0.app
    }

    /// The user that the broker knows this process by.
    pub(crate) fn user(&self) -> &str {
        &self.0.uri.authority.userinfo.username
    }

    /// Where what it does in the background is done.
    pub(crate) fn home(&self) -> &Handle {
        &self.0.home
    }

    /// A channel of its own, on the one connection.
    pub(crate) async fn channel(&self) -> Result<Channel, Away> {
        let mut open = self.0.open.lock().await;
        if let Some(connection) = open.as_ref() {
            match answered(connection.create_channel()).await {
                Ok(channel) => return Ok(channel),
                Err(error) if connection.status().connected() => return Err(error),
                Err(_) => {}
            }
        }
        *open = None;
        let properties = ConnectionProperties::default()
            .with_connection_name(format!("seam {}", self.0.app).into());
        let uri = self.0.uri.clone();
        // There its input and output is done from then on.
        let dialled = self.0.home.spawn(answered(Connection::connect_uri(uri, properties)));
        let connection = dialled.await.map_err(|_| Away("the unit ends".into()))??;
        let channel = answered(connection.create_channel()).await?;
        *open = Some(Arc::new(connection));
        Ok(channel)
    }

    /// How many take from a queue; `None` if it isn't there.
    pub(crate) async fn takers(&self, queue: &str) -> Result<Option<u32>, Away> {
        // One of its own, for the broker closes a channel that asks for what isn't there.
        let channel = self.channel().await?;
        let passive = QueueDeclareOptions::durable().passive();
        let asked = channel.queue_declare(queue.into(), passive, FieldTable::default());
        answered(async {
            match asked.await {
                Ok(queue) => Ok(Some(queue.consumer_count())),
                Err(error) if is_not_found(&error) => Ok(None),
                Err(error) => Err(error),
            }
        })
        .await
    }

    /// Ends the connection, if there is one.
    pub(crate) async fn close(&self) {
        if let Some(connection) = self.0.open.lock().await.take() {
            // It is found to be gone later, if this doesn't get there.
            let _ = timeout(PARTING, connection.close(BYE, "the process ends".into())).await;
        }
    }
}

impl fmt::Debug for Rabbit {
    // Without the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let authority = &self.0.uri.authority;
        write!(f, "Rabbit({}:{})", authority.host, authority.port)
    }
}

/// What the broker answers, if it does.
pub(crate) async fn answered<T>(asked: impl Future<Output = lapin::Result<T>>) -> Result<T, Away> {
    match timeout(PATIENCE, asked).await {
        Ok(answer) => answer.map_err(Away::from),
        Err(_) => Err(Away(format!("RabbitMQ doesn't answer within {PATIENCE:?}"))),
    }
}

impl From<lapin::Error> for Away {
    fn from(error: lapin::Error) -> Self {
        Self(format!("RabbitMQ: {error}"))
    }
}

impl From<Away> for seam_bus::subscription::SourceError {
    fn from(Away(reason): Away) -> Self {
        Self { reason }
    }
}

/// Whether the broker says that something isn't there.
fn is_not_found(error: &lapin::Error) -> bool {
    match error.kind() {
        lapin::ErrorKind::ProtocolError(error) => error.get_id() == NOT_FOUND,
        _ => false,
    }
}
