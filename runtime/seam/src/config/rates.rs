//! How much clients may ask for: `[edge] rate` and its like.

use seam_core::policy::Quota;
use serde_json::{Value as Json, json};

use super::{
    tree::{Kind, Node},
    value::{FromNode, Wrong},
};

/// `"100/60s"`, or a number, so many a second; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate(pub(super) Option<Quota>);

impl Rate {
    /// Reads a text.
    pub(super) fn parse(text: &str) -> Result<Self, (String, String)> {
        let wrong = |error| (format!("`{text}` {error}"), "write \"100/60s\"".to_owned());
        Quota::parse(text).map(Self).map_err(wrong)
    }
}

impl FromNode for Rate {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = match &node.kind {
            Kind::Integer(number) => number.to_string(),
            _ => String::from_node(node)?,
        };
        Self::parse(&text).map_err(|(reason, fix)| Wrong { reason, fix })
    }

    fn show(&self) -> Json {
        self.0.map_or(json!(0), |quota| json!(quota.to_string()))
    }
}
