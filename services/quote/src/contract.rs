//! What others may ask of the service, and what they go by while it is away.

/// An amount of money, in cents.
pub type Cents = u64;

/// What things cost.
#[seam::contract(name = "quote", version = "1.0")]
pub trait Quote {
    /// What each of these lines costs, in their order: 5 % less from 100 pieces on, and the discount
    /// is rounded down to whole cents.
    ///
    /// While nobody can say, it is the full price.
    #[call(idempotent, deadline = "2s", fallback = full_price)]
    async fn price(&self, lines: Vec<Line>) -> Vec<Cents>;
}

/// So many of one thing, as a line of an order.
#[seam::message]
pub struct Line {
    /// Which thing.
    pub sku: String,
    /// How many.
    pub quantity: u64,
    /// The price of one.
    pub unit_price_cents: Cents,
}

impl Line {
    /// What the line costs without a discount; the highest amount if it is more than that.
    pub fn full_price(&self) -> Cents {
        self.quantity.saturating_mul(self.unit_price_cents)
    }
}

/// What each of these lines costs without a discount.
pub fn full_price(lines: &[Line]) -> Vec<Cents> {
    lines.iter().map(Line::full_price).collect()
}
