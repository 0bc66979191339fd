//! The actor: it keeps nothing, so there may be as many of it as one likes.

use seam::prelude::*;

use crate::contract::{Cents, Line, Quote, QuoteContract};

/// From so many pieces of one thing on there is a discount.
const MANY: u64 = 100;
/// The discount is one part in so many: 5 %.
const DISCOUNT: u64 = 20;

/// Knows what things cost.
#[derive(Debug)]
pub struct QuoteService;

impl Actor for QuoteService {
    type Contract = QuoteContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Quote for QuoteService {
    async fn price(&self, lines: Vec<Line>) -> Vec<Cents> {
        lines.iter().map(price).collect()
    }
}

fn price(line: &Line) -> Cents {
    let full = line.full_price();
    // A division rounds down, and so does the discount.
    let discount = if line.quantity >= MANY { full / DISCOUNT } else { 0 };
    full - discount
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{QuoteClient, full_price};

    fn line(quantity: u64, unit_price_cents: Cents) -> Line {
        Line { sku: "tea".into(), quantity, unit_price_cents }
    }

    #[test]
    fn there_is_a_discount_from_100_pieces_on_rounded_down() {
        for (quantity, unit, price) in [
            (1, 450, 450),
            (99, 100, 9_900),
            (100, 1, 95),
            // 5.05 and 5.95: the discount is 5.
            (101, 1, 96),
            (119, 1, 114),
            (120, 1, 114),
            (100, 450, 42_750),
            (1, 1_000_000, 1_000_000),
            (0, 5, 0),
        ] {
            assert_eq!(super::price(&line(quantity, unit)), price, "{quantity} of {unit}");
        }
    }

    #[test]
    fn what_no_number_holds_costs_the_highest() {
        assert_eq!(super::price(&line(2, u64::MAX)), u64::MAX);
        assert_eq!(super::price(&line(u64::MAX, 2)), u64::MAX - u64::MAX / 20);
        assert_eq!(full_price(&[line(u64::MAX, 2)]), [u64::MAX]);
    }

    #[tokio::test]
    async fn each_line_is_priced_for_itself() {
        let quotes = QuoteClient::local(QuoteService);
        let lines = vec![line(60, 10), line(100, 10), line(60, 10)];
        assert_eq!(quotes.price(lines).await, Ok(vec![600, 950, 600]));
        assert_eq!(quotes.price(Vec::new()).await, Ok(Vec::new()));
    }

    #[tokio::test]
    async fn while_nobody_can_say_it_is_the_full_price() {
        let away = |_| Err(CallError::NotExecuted(NotExecuted::unavailable("gone")));
        let fake = QuoteClient::fake().on_price(async move |lines| away(lines));
        let lines = vec![line(100, 10), line(1, 7)];
        assert_eq!(QuoteClient::from(fake).price(lines).await, Ok(vec![1_000, 7]));
    }
}
