//! A program that isn't ours, at a RabbitMQ: it asks services by their queues, and serves modules.

use std::time::Duration;

use futures_util::StreamExt;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicPublishOptions, QueueBindOptions,
    QueueDeclareOptions,
};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use serde_json::Value;
use tokio::time::timeout;

/// How long an answer may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection of such a program.
pub(crate) struct Foreign {
    channel: Channel,
    _connection: Connection,
}

impl Foreign {
    pub(crate) async fn connect(url: &str) -> Self {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        Self { channel: connection.create_channel().await.unwrap(), _connection: connection }
    }

    async fn consume(&self, queue: &str) -> Consumer {
        let (options, nothing) = (BasicConsumeOptions::default(), FieldTable::default());
        self.channel.basic_consume(queue.into(), "".into(), options, nothing).await.unwrap()
    }

    /// Declares a queue as other languages do.
    pub(crate) async fn declare(&self, queue: &str) {
        let (options, nothing) = (QueueDeclareOptions::durable(), FieldTable::default());
        self.channel.queue_declare(queue.into(), options, nothing).await.unwrap();
    }

    /// Asks whoever takes from a queue: whether the answer is an error, and what it says.
    pub(crate) async fn ask(&self, queue: &str, body: &Value) -> (bool, Value) {
        // What is sent to a queue that isn't there yet is gone.
        self.declare(queue).await;
        let (options, nothing) = (QueueDeclareOptions::exclusive(), FieldTable::default());
        let own = self.channel.queue_declare("".into(), options, nothing).await.unwrap();
        let mut replies = self.consume(own.name().as_str()).await;
        let properties = BasicProperties::default()
            .with_reply_to(own.name().clone())
            .with_correlation_id("7".into());
        let body = serde_json::to_vec(body).unwrap();
        let options = BasicPublishOptions::default();
        let sent = self.channel.basic_publish("".into(), queue.into(), options, &body, properties);
        sent.await.unwrap();
        let reply = timeout(PATIENCE, replies.next()).await.unwrap().unwrap().unwrap();
        let text = |text: &Option<ShortString>| text.as_ref().map(ToString::to_string);
        assert_eq!(text(reply.properties.correlation_id()).as_deref(), Some("7"));
        let is_error = text(reply.properties.kind()).as_deref() == Some("error");
        (is_error, serde_json::from_slice(&reply.data).unwrap())
    }

    /// Serves a module from now on, in the background: an `Err` is answered as an error.
    pub(crate) async fn serve(
        self,
        queue: &str,
        answer: impl Fn(Value) -> Result<Value, Value> + Send + 'static,
    ) {
        self.declare(queue).await;
        let mut requests = self.consume(queue).await;
        tokio::spawn(async move {
            while let Some(Ok(request)) = requests.next().await {
                let answered = answer(serde_json::from_slice(&request.data).unwrap());
                let properties = match request.properties.correlation_id() {
                    Some(id) => BasicProperties::default().with_correlation_id(id.clone()),
                    None => BasicProperties::default(),
                };
                let (body, properties) = match answered {
                    Ok(body) => (body, properties),
                    Err(body) => (body, properties.with_type("error".into())),
                };
                let to = request.properties.reply_to().clone().unwrap();
                let (options, body) = (BasicPublishOptions::default(), body.to_string());
                let sent =
                    self.channel.basic_publish("".into(), to, options, body.as_bytes(), properties);
                sent.await.unwrap();
                request.ack(BasicAckOptions::default()).await.unwrap();
            }
        });
    }

    /// What the exchange `events` is handed from now on, of all topics: id, topic, event.
    pub(crate) async fn listen(&self) -> impl AsyncFnMut() -> (String, String, Value) {
        let (options, nothing) = (QueueDeclareOptions::exclusive(), FieldTable::default());
        let own = self.channel.queue_declare("".into(), options, nothing).await.unwrap();
        let durable = lapin::options::ExchangeDeclareOptions {
            durable: true,
            ..lapin::options::ExchangeDeclareOptions::default()
        };
        let (topic, nothing) = (lapin::ExchangeKind::Topic, FieldTable::default());
        self.channel.exchange_declare("events".into(), topic, durable, nothing).await.unwrap();
        let (options, nothing) = (QueueBindOptions::default(), FieldTable::default());
        let bound = self.channel.queue_bind(
            own.name().clone(),
            "events".into(),
            "#".into(),
            options,
            nothing,
        );
        bound.await.unwrap();
        let mut events = self.consume(own.name().as_str()).await;
        async move || {
            let event = timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap();
            let id = event.properties.message_id().clone().unwrap().to_string();
            let body = serde_json::from_slice(&event.data).unwrap();
            (id, event.routing_key.to_string(), body)
        }
    }
}
