//! What is known of an order by its number alone, so that everybody can judge what became of it.

/// So many customers, who place one order after the other: the keys of events.
pub(crate) const CUSTOMERS: u64 = 64;
/// One order in so many is charged.
const CHARGED: u64 = 8;

/// Whose order it is. Orders are numbered from 1, and go round among the customers.
pub(crate) const fn key_of(order: u64) -> u64 {
    order % CUSTOMERS
}

/// The order that the same customer placed before it; 0 if that one is the first.
pub(super) const fn before(order: u64) -> u64 {
    order.saturating_sub(CUSTOMERS)
}

/// What it costs.
pub(crate) const fn cents(order: u64) -> u64 {
    order * 7 % 10_000 + 1
}

/// Whether it is charged, by a command, and then shipped.
pub(crate) const fn is_charged(order: u64) -> bool {
    order.is_multiple_of(CHARGED)
}
