//! How much clients may ask for, and whom the edge believes: `[edge] rate` and its like.

use std::net::IpAddr;

use ipnet::IpNet;
use seam_core::policy::Quota;
use serde_json::{Value as Json, json};

use super::{
    tree::{Kind, Node},
    value::{FromNode, Wrong},
};

/// `"100/60s"`, or a number, so many a second; 0 is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rate(pub(super) Option<Quota>);

impl FromNode for Rate {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let text = match &node.kind {
            Kind::Integer(number) => number.to_string(),
            _ => String::from_node(node)?,
        };
        Quota::parse(&text).map(Self).map_err(|_| Wrong {
            reason: format!("`{text}` is no rate"),
            fix: "write \"100/60s\", so many in a window of 1ms to 24h; or a number, so many a second; \
                  or 0 for none"
                .into(),
        })
    }

    fn show(&self) -> Json {
        self.0.map_or(json!(0), |quota| json!(quota.to_string()))
    }
}

/// `["10.0.0.0/8", "::1"]`: networks, and addresses by themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Nets(pub(super) Vec<IpNet>);

impl FromNode for Nets {
    fn from_node(node: &Node) -> Result<Self, Wrong> {
        let net = |text: &String| {
            let alone = || text.parse::<IpAddr>().map(IpNet::from);
            text.parse::<IpNet>().or_else(|_| alone()).map_err(|_| Wrong {
                reason: format!("`{text}` is neither a network nor an address"),
                fix: "write e.g. \"10.0.0.0/8\" or \"::1\"".into(),
            })
        };
        Vec::<String>::from_node(node)?.iter().map(net).collect::<Result<_, _>>().map(Self)
    }

    fn show(&self) -> Json {
        json!(self.0.iter().map(ToString::to_string).collect::<Vec<_>>())
    }
}
