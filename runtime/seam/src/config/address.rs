//! Addresses in the config: texts, read by the type that links and listeners read them by.

use seam_wire::{Address, AddressError};
use serde_json::{Value as Json, json};

use super::{
    tree::Node,
    value::{FromNode, Wrong},
};

/// An empty text stands for none, so that a variable can take an address away.
impl FromNode for Option<Address> {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = String::from_node(node)?;
        if text.is_empty() {
            return Ok(None);
        }
        text.parse().map(Some).map_err(|error: AddressError| Wrong {
            reason: format!("{} is no address", node.describe()),
            fix: error.to_string(),
        })
    }

    fn show(&self) -> Json {
        json!(self.as_ref().map(Address::to_string).unwrap_or_default())
    }
}
