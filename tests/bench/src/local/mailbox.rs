//! The messages of the contenders that have a mailbox, and its size.

use crate::messages::Basket;

/// Bound of every contender's mailbox: seam's default.
pub(crate) const MAILBOX: usize = 1024;

/// `tiny` as a message.
#[derive(Debug)]
pub(crate) struct Tiny(pub(crate) u64);

/// `price` as a message.
#[derive(Debug)]
pub(crate) struct Price(pub(crate) Basket);
