//! Bytes with their media type.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::answer::{Besides, is_text};
use super::{Fault, Layout, Message, Reader, Shape, Sink, Writer};

/// Bytes of any media type: a picture, a document.
///
/// At a route of the edge, an argument that is a `Blob` is the request's whole body, and an answer
/// that is one the response's, each with its `Content-Type`. Elsewhere in JSON it is
/// `{"mediaType": "image/png", "bytes": "…"}`, in base64.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blob {
    /// What they are, such as `image/png`; `application/octet-stream` where nobody said.
    pub media_type: String,
    /// They themselves.
    pub bytes: Vec<u8>,
}

impl Blob {
    /// Bytes of that media type.
    pub fn new(media_type: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self { media_type: media_type.into(), bytes: bytes.into() }
    }

    /// Whether HTTP can say its media type.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), String> {
        let media_type = &self.media_type;
        if media_type.contains('/') && media_type.len() <= 255 && is_text(media_type) {
            return Ok(());
        }
        Err(format!("the answer has the media type {media_type:?}, which is none"))
    }
}

#[diagnostic::do_not_recommend]
impl Message for Blob {
    const SHAPE: Shape = Shape { blob: true, ..String::SHAPE.and(<Vec<u8>>::SHAPE).inside(0) };

    fn layout(out: &mut Layout) {
        out.text("blob");
    }

    fn write_to<S: Sink>(&self, out: &mut Writer<'_, S>) -> Result<(), Fault> {
        out.value(&self.media_type)?;
        out.value(&self.bytes)
    }

    fn read_from(from: &mut Reader<'_>) -> Result<Self, Fault> {
        Ok(Self { media_type: from.value()?, bytes: from.value()? })
    }

    fn besides(&self) -> Besides<'_> {
        Besides { blob: Some(self), ..Besides::default() }
    }
}

/// As people read it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Text<'a> {
    media_type: Cow<'a, str>,
    bytes: Cow<'a, str>,
}

/// As the codec and rows have it.
#[derive(Serialize, Deserialize)]
struct Raw<'a>(
    Cow<'a, str>,
    #[serde(
        serialize_with = "super::bytes::serialize",
        deserialize_with = "super::bytes::deserialize"
    )]
    Vec<u8>,
);

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let media_type = Cow::Borrowed(self.media_type.as_str());
        if serializer.is_human_readable() {
            let bytes = STANDARD.encode(&self.bytes).into();
            return Text { media_type, bytes }.serialize(serializer);
        }
        Raw(media_type, self.bytes.clone()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let Text { media_type, bytes } = Text::deserialize(deserializer)?;
            let bytes =
                STANDARD.decode(&*bytes).map_err(|_| D::Error::custom("`bytes` isn't base64"))?;
            return Ok(Self { media_type: media_type.into_owned(), bytes });
        }
        let Raw(media_type, bytes) = Raw::deserialize(deserializer)?;
        Ok(Self { media_type: media_type.into_owned(), bytes })
    }
}

/// The member of [`Blob`]'s schema by which the edge knows it.
pub const BLOB_SCHEMA: &str = "x-seam-blob";

impl JsonSchema for Blob {
    fn schema_name() -> Cow<'static, str> {
        "Blob".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "object",
            "description": "Bytes with their media type.",
            "properties": {
                "mediaType": { "type": "string" },
                "bytes": { "type": "string", "contentEncoding": "base64" },
            },
            "required": ["mediaType", "bytes"],
            "x-seam-blob": true,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    #[test]
    fn a_blob_is_bytes_to_the_codec_and_base64_to_people() {
        let blob = Blob::new("image/png", [0, 255, 7]);
        let mut bytes = Vec::new();
        codec::encode(&blob, &mut bytes).unwrap();
        assert_eq!(bytes.len(), 8 + 9 + 8 + 3);
        assert_eq!(codec::decode::<Blob>(&bytes).unwrap(), blob);
        let json = serde_json::to_string(&blob).unwrap();
        assert_eq!(json, r#"{"mediaType":"image/png","bytes":"AP8H"}"#);
        assert_eq!(serde_json::from_str::<Blob>(&json).unwrap(), blob);
        assert!(serde_json::from_str::<Blob>(r#"{"mediaType":"a/b","bytes":"!"}"#).is_err());
        for none in ["", "png", "a/b\r\nc: d"] {
            assert!(Blob::new(none, []).check().is_err(), "{none}");
        }
    }
}
