//! `#[check(…)]`: what fields and arguments may be beyond their types, whoever calls.

use std::collections::BTreeMap;

use seam::Patch;
use seam::prelude::*;
use seam_core::call::{AnyClient, CallOptions, Client, Dispatch};
use seam_core::contract::{Contract, Layout, Message, Never};
use seam_core::outcome::NotExecuted;
use serde_json::{Value, json};

use super::vault::both_ways_to;

const MOST: u32 = 100;

#[seam::contract(name = "pantry", version = "1.0")]
pub(crate) trait Pantry {
    /// Stocks up.
    #[call(public)]
    async fn stock(
        &self,
        /// Whose.
        #[check(len = 1..=8)]
        owner: String,
        lines: Vec<Line>,
        #[check(range = 1..=MOST)] limit: Option<u32>,
        by: BTreeMap<String, Line>,
        kind: Kind,
    ) -> u32;

    /// Nothing is demanded of it.
    async fn name(&self, name: String) -> u32;
}

#[seam::message]
pub(crate) struct Line {
    #[check(range = 1..)]
    pub(crate) quantity: u64,
    #[check(len = ..=3)]
    pub(crate) sku_text: String,
    #[check(len = 1..=2)]
    pub(crate) tags: Vec<String>,
    #[check(range = -5..=5)]
    pub(crate) shelf: Patch<i8>,
    pub(crate) share: Percent,
}

#[seam::message]
#[derive(Copy)]
pub(crate) struct Percent(#[check(range = 0.0..=100.0)] f64);

#[seam::message]
pub(crate) enum Kind {
    Plain,
    Mixed(Percent, Option<Percent>),
    Named {
        #[check(len = 1..)]
        name: String,
        note: String,
    },
}

/// The same as [`Line`] without demands.
mod free {
    use seam::Patch;

    #[seam::message]
    pub(crate) struct Line {
        pub(crate) quantity: u64,
        pub(crate) sku_text: String,
        pub(crate) tags: Vec<String>,
        pub(crate) shelf: Patch<i8>,
        pub(crate) share: Percent,
    }

    #[seam::message]
    pub(crate) struct Percent(f64);
}

struct Shelf;

impl Pantry for Shelf {
    async fn stock(
        &self,
        _: String,
        lines: Vec<Line>,
        _: Option<u32>,
        _: BTreeMap<String, Line>,
        _: Kind,
    ) -> u32 {
        lines.len() as u32
    }

    async fn name(&self, name: String) -> u32 {
        name.len() as u32
    }
}

fn line() -> Line {
    let tags = vec!["dry".to_owned()];
    Line { quantity: 1, sku_text: "tea".into(), tags, shelf: Patch::Value(-5), share: Percent(0.0) }
}

fn ways() -> [(&'static str, Client<PantryContract>); 2] {
    both_ways_to(|| Shelf)
}

/// A call with these lines, by the generated client.
async fn stock(client: &Client<PantryContract>, lines: Vec<Line>) -> Result<u32, CallError<Never>> {
    let client = PantryClient::from(client.clone());
    client.stock("ada".into(), lines, None, BTreeMap::new(), Kind::Plain).await
}

fn refused<T: std::fmt::Debug, E: std::fmt::Debug>(outcome: Result<T, CallError<E>>) -> String {
    match outcome {
        Err(CallError::NotExecuted(NotExecuted::BadRequest { why })) => why.to_string(),
        other => panic!("not refused: {other:?}"),
    }
}

#[tokio::test]
async fn what_guards_a_call_elsewhere_guards_one_here() {
    for (way, client) in ways() {
        assert_eq!(stock(&client, vec![line(), line()]).await, Ok(2), "{way}");
        let wrong = [
            (Line { quantity: 0, ..line() }, "`lines[1].quantity`: 0 is less than 1"),
            (
                Line { sku_text: "éèêë".into(), ..line() },
                "`lines[1].skuText`: has 4 characters, and may have 3 at most",
            ),
            (
                Line { tags: vec![], ..line() },
                "`lines[1].tags`: has 0 elements, and needs 1 at least",
            ),
            (Line { shelf: Patch::Value(6), ..line() }, "`lines[1].shelf`: 6 is more than 5"),
            (Line { share: Percent(f64::NAN), ..line() }, "`lines[1].share`: NaN is less than 0"),
        ];
        for (wrong, why) in wrong {
            assert_eq!(refused(stock(&client, vec![line(), wrong]).await), why, "{way}");
        }
        for free in [Patch::Absent, Patch::Null] {
            assert_eq!(stock(&client, vec![Line { shelf: free, ..line() }]).await, Ok(1), "{way}");
        }
    }
}

#[tokio::test]
async fn arguments_maps_and_variants_are_looked_at() {
    for (way, client) in ways() {
        let client = PantryClient::from(client);
        let by = |line| BTreeMap::from([("a b".to_owned(), line)]);
        let call = |owner: &str, limit, line, kind| {
            client.stock(owner.into(), vec![], limit, by(line), kind)
        };
        assert_eq!(call("ada", Some(100), line(), Kind::Plain).await, Ok(0), "{way}");
        let outcome = call("", None, line(), Kind::Plain).await;
        assert_eq!(refused(outcome), "`owner`: has 0 characters, and needs 1 at least", "{way}");
        let outcome = call("ada", Some(101), line(), Kind::Plain).await;
        assert_eq!(refused(outcome), "`limit`: 101 is more than 100", "{way}");
        let outcome = call("ada", None, Line { quantity: 0, ..line() }, Kind::Plain).await;
        assert_eq!(refused(outcome), "`by.a b.quantity`: 0 is less than 1", "{way}");
        let kind = Kind::Mixed(Percent(1.0), Some(Percent(101.0)));
        let outcome = call("ada", None, line(), kind).await;
        assert_eq!(refused(outcome), "`kind.mixed[1]`: 101 is more than 100", "{way}");
        let kind = Kind::Named { name: String::new(), note: String::new() };
        let why = "`kind.named.name`: has 0 characters, and needs 1 at least";
        assert_eq!(refused(call("ada", None, line(), kind).await), why, "{way}");
    }
}

#[tokio::test]
async fn in_json_the_argument_is_named() {
    let line = json!({ "quantity": 0, "skuText": "tea", "tags": ["dry"], "share": 1.0 });
    let arguments = json!({ "owner": "ada", "lines": [line], "by": {}, "kind": "plain" });
    let arguments = arguments.to_string().into_bytes();
    let why = "`lines[0].quantity`: 0 is less than 1";
    for (way, client) in ways() {
        let reply = PantryContract::call_json(&client, 0, &arguments, CallOptions::default());
        assert_eq!(refused(reply.unwrap().await), why, "{way}");
        let kept = AnyClient::kept_json(&client, 0, &arguments);
        assert_eq!(kept, Err(NotExecuted::bad_request(why)), "{way}: it isn't kept either");
    }
}

#[test]
fn the_schema_says_so_and_the_layout_does_not() {
    let schema = &PantryContract::descriptor().method("stock").unwrap().schema.arguments;
    let of = |pointer: &str| schema.pointer(pointer).cloned().unwrap_or_default();
    assert_eq!(of("/properties/owner/minLength"), json!(1));
    assert_eq!(of("/properties/owner/maxLength"), json!(8));
    assert_eq!(of("/properties/limit/minimum"), json!(1));
    assert_eq!(of("/properties/limit/maximum"), json!(100));
    let line = |pointer: &str| of(&format!("/$defs/Line/properties/{pointer}"));
    assert_eq!((line("quantity/minimum"), line("quantity/maximum")), (json!(1), Value::Null));
    assert_eq!((line("skuText/maxLength"), line("skuText/minLength")), (json!(3), Value::Null));
    assert_eq!((line("tags/minItems"), line("tags/maxItems")), (json!(1), json!(2)));
    assert_eq!((line("shelf/minimum"), line("shelf/maximum")), (json!(-5), json!(5)));
    assert_eq!(of("/$defs/Percent/maximum"), json!(100.0));

    let layout = |write: fn(&mut Layout)| {
        let mut layout = Layout::default();
        write(&mut layout);
        layout.into_string()
    };
    assert_eq!(layout(Line::layout), layout(free::Line::layout), "old peers understand it");
}

#[test]
fn where_nothing_is_demanded_nothing_is_looked_at() {
    const { assert!(Line::SHAPE.checked && <Option<Vec<Line>>>::SHAPE.checked && Kind::SHAPE.checked) }
    const { assert!(!free::Line::SHAPE.checked && !<Vec<String>>::SHAPE.checked) }
}
