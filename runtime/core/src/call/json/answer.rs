//! What a call in JSON came to.

use crate::codec::{AnswerHead, Besides, Blob, Message, finite};

/// An answer whose type the caller doesn't know.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonAnswer {
    /// Its value.
    pub body: JsonBody,
    /// What it says beside that, if it says anything.
    pub head: Option<Box<AnswerHead>>,
}

/// The value of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonBody {
    /// The text of a JSON value.
    Json(Vec<u8>),
    /// Bytes that are no JSON, and needn't become any at the edge.
    Blob(Blob),
}

impl JsonAnswer {
    /// # Errors
    /// Why neither JSON nor HTTP can say it.
    pub(super) fn of<T: Message>(answer: &T) -> Result<Self, String> {
        let Besides { head, blob } = answer.besides();
        if let Some(head) = head {
            head.check()?;
        }
        let body = match blob {
            Some(blob) => {
                blob.check()?;
                JsonBody::Blob(blob.clone())
            }
            None => JsonBody::Json(finite::to_json(answer)?),
        };
        Ok(Self { body, head: head.map(|head| Box::new(head.clone())) })
    }

    /// The value's JSON; bytes are in base64 there.
    pub fn into_json(self) -> Vec<u8> {
        match self.body {
            JsonBody::Json(json) => json,
            // Two texts: there is nothing that JSON couldn't say.
            JsonBody::Blob(blob) => serde_json::to_vec(&blob).unwrap_or_default(),
        }
    }
}
