//! An event as the broker has it: the event itself is the body, so that workers in any language read it.

use lapin::BasicProperties;
use lapin::message::Delivery;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use seam_bus::Record;
use seam_bus::broker::Latest;
use seam_bus::intake::Position;

/// A message that outlives the broker.
const PERSISTENT: u8 = 2;
const VERSION: &str = "seam-version";
const KEY: &str = "seam-key";
const AT: &str = "seam-at";
/// The latest events of the publisher before this one, by topic.
const AFTER: &str = "seam-after";
const TRACE: &str = "traceparent";

/// What goes with an event: who it is, and what its subscribers go by.
pub(super) fn properties(
    app: &str,
    publisher: &str,
    position: Position,
    event: &Record,
    latest: &Latest,
) -> BasicProperties {
    let mut headers = FieldTable::default();
    let text = |bytes: &[u8]| AMQPValue::LongString(bytes.to_vec().into());
    headers.insert(VERSION.into(), AMQPValue::LongInt(event.version.into()));
    headers.insert(KEY.into(), text(&event.key));
    // Times are far from its end.
    headers.insert(AT.into(), AMQPValue::LongLongInt(event.at.cast_signed()));
    headers.insert(AFTER.into(), AMQPValue::LongString(latest.to_string().into()));
    if !event.trace.is_empty() {
        headers.insert(TRACE.into(), text(&event.trace));
    }
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(format!("{publisher}:{position}").into())
        .with_timestamp(event.at / 1_000)
        .with_app_id(app.into())
        .with_headers(headers)
}

/// An event that came in.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    pub(super) publisher: String,
    /// Where it stands in the publisher's log.
    pub(super) position: Position,
    /// The latest ones there before it.
    pub(super) latest: Latest,
    pub(super) record: Record,
}

/// An event that came in; `None` if it is none of ours.
pub(super) fn read(delivery: Delivery) -> Option<Event> {
    let Delivery { properties, routing_key, data, .. } = delivery;
    let id = properties.message_id().as_ref().map(ShortString::as_str)?;
    let (publisher, position) = id.rsplit_once(':')?;
    let position: Position = position.parse().ok()?;
    let headers = properties.headers().as_ref()?.inner();
    let text = |name: &str| match headers.get(name) {
        Some(AMQPValue::LongString(text)) => Some(text.as_bytes()),
        _ => None,
    };
    let number = |name: &str| match *headers.get(name)? {
        AMQPValue::LongInt(number) => Some(i64::from(number)),
        AMQPValue::LongLongInt(number) => Some(number),
        _ => None,
    };
    let record = Record {
        topic: routing_key.to_string(),
        version: number(VERSION)?.try_into().ok()?,
        key: text(KEY)?.into(),
        at: number(AT)?.try_into().ok()?,
        trace: text(TRACE).unwrap_or_default().into(),
        body: data.into(),
    };
    let latest = text(AFTER).and_then(|text| std::str::from_utf8(text).ok()).map(Latest::of);
    let (publisher, latest) = (publisher.to_owned(), latest.unwrap_or_default());
    Some(Event { publisher, position, latest, record })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Record {
        Record {
            topic: "order.paid".into(),
            version: 3,
            key: b"order \xc3\xa9".to_vec().into(),
            at: 1_795_843_649_070,
            trace: b"00-1-2-01".to_vec().into(),
            body: br#"{"orderId":7}"#.to_vec().into(),
        }
    }

    fn delivered(properties: BasicProperties) -> Delivery {
        let body = event().body.to_vec();
        let mut delivery = Delivery::mock(1, "events".into(), "order.paid".into(), false, body);
        delivery.properties = properties;
        delivery
    }

    #[test]
    fn an_event_is_the_same_on_both_sides() {
        let latest = Latest::of("order.created:11 order.paid:8");
        let properties = properties("shop", "order", 12, &event(), &latest);
        assert_eq!(properties.content_type().as_ref().unwrap().as_str(), "application/json");
        assert_eq!(*properties.delivery_mode(), Some(PERSISTENT));
        let read = read(delivered(properties));
        let (publisher, position, record) = ("order".to_owned(), 12, event());
        assert_eq!(read, Some(Event { publisher, position, latest, record }));
    }

    #[test]
    fn what_others_send_is_no_event() {
        let told = || properties("shop", "order", 12, &event(), &Latest::default());
        for properties in [
            BasicProperties::default(),
            told().with_message_id("order".into()),
            told().with_message_id("order:-1".into()),
            told().with_headers(FieldTable::default()),
        ] {
            assert_eq!(read(delivered(properties)), None);
        }
    }
}
