//! An event as the server has it: the event itself is the payload, so that workers in any language read
//! it.

use async_nats::HeaderMap;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};
use seam_bus::Record;
use seam_bus::intake::Position;

/// By which the server knows what it was sent before.
const ID: &str = "Nats-Msg-Id";
const TYPE: &str = "Content-Type";
const TOPIC: &str = "Seam-Topic";
const VERSION: &str = "Seam-Version";
const KEY: &str = "Seam-Key";
const AT: &str = "Seam-At";
const TRACE: &str = "traceparent";

/// What goes with an event: who it is, and what its subscribers go by.
pub(crate) fn headers(publisher: &str, position: Position, event: &Record) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut set = |name: &'static str, value: String| headers.insert(name, value);
    set(ID, format!("{publisher}:{position}"));
    set(TYPE, "application/json".into());
    set(TOPIC, event.topic.clone());
    set(VERSION, event.version.to_string());
    // No header holds every text.
    set(KEY, percent_encode(&event.key, NON_ALPHANUMERIC).to_string());
    set(AT, event.at.to_string());
    if let Ok(trace) = std::str::from_utf8(&event.trace)
        && !trace.is_empty()
    {
        set(TRACE, trace.to_owned());
    }
    headers
}

/// An event that came in, and where it stands in its publisher's log; `None` if it is none of ours.
pub(crate) fn read(headers: &HeaderMap, payload: &[u8]) -> Option<(Position, Record)> {
    let get = |name: &str| headers.get(name).map(async_nats::HeaderValue::as_str);
    let (_, position) = get(ID)?.rsplit_once(':')?;
    let record = Record {
        topic: get(TOPIC)?.to_owned(),
        version: get(VERSION)?.parse().ok()?,
        key: percent_decode_str(get(KEY)?).collect(),
        at: get(AT)?.parse().ok()?,
        trace: get(TRACE).unwrap_or_default().as_bytes().into(),
        body: payload.into(),
    };
    Some((position.parse().ok()?, record))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_the_same_on_both_sides() {
        let event = Record {
            topic: "order.paid".into(),
            version: 3,
            key: b"a \xc3\xa9\r\n%".to_vec().into(),
            at: 1_795_843_649_070,
            trace: b"00-1-2-01".to_vec().into(),
            body: br#"{"orderId":7}"#.to_vec().into(),
        };
        let headers = headers("order", 12, &event);
        assert_eq!(read(&headers, &event.body), Some((12, event)));
        assert_eq!(read(&HeaderMap::new(), b"{}"), None);
    }
}
