//! [`Message`] for types of other crates, each behind the feature of that crate's name.

#[cfg(feature = "chrono")]
mod chrono {
    use ::chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, Utc};

    use crate::codec::{Layout, Message, Shape};

    macro_rules! texts {
        ($($type:ty: $name:literal),* $(,)?) => {$(
            /// A text by RFC 3339, in JSON and on the wire.
            #[diagnostic::do_not_recommend]
            impl Message for $type {
                const SHAPE: Shape = Shape::text(8);
                fn layout(out: &mut Layout) {
                    out.text($name);
                }
            }
        )*};
    }

    texts! {
        DateTime<Utc>: "datetime-utc", DateTime<FixedOffset>: "datetime", NaiveDate: "date",
        NaiveDateTime: "datetime-local", NaiveTime: "time-of-day",
    }
}

#[cfg(feature = "uuid")]
mod uuid {
    use crate::codec::{Layout, Message, Shape};

    /// A text in JSON, and sixteen bytes behind their length on the wire.
    #[diagnostic::do_not_recommend]
    impl Message for ::uuid::Uuid {
        const SHAPE: Shape = Shape::text(8);
        fn layout(out: &mut Layout) {
            out.text("uuid");
        }
    }
}

#[cfg(feature = "json")]
mod json {
    use serde_json::Value;

    use crate::codec::{Fault, Layout, Message, Reader, Shape, Sink, Writer};

    /// The value itself in JSON, and its text on the wire. It nests 127 deep at most.
    #[diagnostic::do_not_recommend]
    impl Message for Value {
        const SHAPE: Shape = Shape::leaf(8);

        fn layout(out: &mut Layout) {
            out.text("json");
        }

        fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
            let text = serde_json::to_vec(self).map_err(<Fault as serde::ser::Error>::custom)?;
            out.count(text.len());
            out.put(&text);
            Ok(())
        }

        fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
            let count = from.count()?;
            serde_json::from_slice(from.take_slice(count)?)
                .map_err(<Fault as serde::de::Error>::custom)
        }
    }
}

#[cfg(test)]
#[cfg(any(feature = "chrono", feature = "uuid", feature = "json"))]
mod tests {
    use std::fmt::Debug;

    use crate::codec::{self, Message};

    #[track_caller]
    fn survives<T: Message + PartialEq + Debug>(value: T, json: serde_json::Value) {
        let mut bytes = Vec::new();
        codec::encode(&value, &mut bytes).unwrap();
        assert!(bytes.len() >= T::SHAPE.min_bytes as usize);
        assert_eq!(codec::decode::<T>(&bytes).as_ref(), Ok(&value));
        assert_eq!(serde_json::to_value(&value).unwrap(), json);
        assert_eq!(serde_json::from_value::<T>(json).unwrap(), value);
        assert!(codec::decode::<T>(&bytes[..bytes.len() - 1]).is_err());
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn dates_of_chrono_are_texts_by_rfc_3339() {
        let utc: chrono::DateTime<chrono::Utc> = "2026-11-27T12:30:00.5Z".parse().unwrap();
        survives(utc, "2026-11-27T12:30:00.500Z".into());
        survives(vec![Some(utc)], serde_json::json!(["2026-11-27T12:30:00.500Z"]));
        let date: chrono::NaiveDate = "2026-11-27".parse().unwrap();
        survives(date, "2026-11-27".into());
        let schema = schemars::schema_for!(chrono::DateTime<chrono::Utc>).to_value();
        assert_eq!(schema["format"], "date-time");
    }

    #[cfg(feature = "uuid")]
    #[test]
    fn a_uuid_is_a_text_in_json_and_a_key() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        let id: uuid::Uuid = text.parse().unwrap();
        survives(id, text.into());
        survives(std::collections::BTreeMap::from([(id, 1_u8)]), serde_json::json!({ text: 1 }));
        const { assert!(uuid::Uuid::SHAPE.json_key) }
    }

    #[cfg(feature = "json")]
    #[test]
    fn any_json_crosses_as_it_is() {
        let value = serde_json::json!({"a": [1, -2, 0.1, null, true, {"b": "c"}], "d": ""});
        survives(value.clone(), value.clone());
        let by_name = std::collections::BTreeMap::from([("x".to_owned(), value.clone())]);
        survives(by_name, serde_json::json!({"x": value}));
        let mut deep = Vec::new();
        deep.extend(200_u64.to_le_bytes());
        deep.extend([b'['; 200]);
        assert!(codec::decode::<serde_json::Value>(&deep).is_err(), "no stack is taken for that");
    }
}
