//! `time::OffsetDateTime` in messages and arguments, with the feature `time`.

use seam_core::call::{CallOptions, Client, Dispatch};
use seam_core::contract::{Contract, Message};
use time::OffsetDateTime;

#[seam::message]
struct Span {
    from: OffsetDateTime,
    to: Option<time::OffsetDateTime>,
    #[json(skip_if_none)]
    checked: Option<OffsetDateTime>,
    stops: Vec<OffsetDateTime>,
}

#[seam::contract(name = "diary", version = "1.0")]
trait Diary {
    #[call(public)]
    async fn plan(&self, at: OffsetDateTime, end: Option<OffsetDateTime>) -> Span;
}

struct Pages;

impl Diary for Pages {
    async fn plan(&self, at: OffsetDateTime, end: Option<OffsetDateTime>) -> Span {
        Span { from: at, to: end, checked: None, stops: vec![at] }
    }
}

#[tokio::test]
async fn times_are_texts_by_rfc_3339_in_json_and_cross_the_wire() {
    let at = OffsetDateTime::from_unix_timestamp(1_795_782_600).unwrap();
    let client = Client::<DiaryContract>::local(Pages).unwrap();
    let span = Span { from: at, to: None, checked: None, stops: vec![at] };
    let mut bytes = Vec::new();
    seam_core::codec::encode(&span, &mut bytes).unwrap();
    assert_eq!(seam_core::codec::decode::<Span>(&bytes).as_ref(), Ok(&span));
    assert!(bytes.len() >= Span::SHAPE.min_bytes as usize);
    assert_eq!(DiaryClient::from(client.clone()).plan(at, None).await, Ok(span));
    let arguments = br#"{"at": "2026-11-27T12:30:00Z"}"#;
    let reply = DiaryContract::call_json(&client, 0, arguments, CallOptions::default()).unwrap();
    let expected = r#"{"from":"2026-11-27T12:30:00Z","to":null,"stops":["2026-11-27T12:30:00Z"]}"#;
    assert_eq!(String::from_utf8(reply.await.unwrap().into_json()).unwrap(), expected);
    let schema = &DiaryContract::descriptor().methods[0].schema.arguments;
    assert_eq!(schema["properties"]["at"]["format"], "date-time");
    assert_eq!(schema["required"], serde_json::json!(["at"]));
}
