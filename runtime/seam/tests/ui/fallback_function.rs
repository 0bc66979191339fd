#[seam::error]
enum QuoteError {
    /// there is no such thing
    Unknown,
}

#[seam::contract(name = "quote", version = "1.0")]
trait Quote {
    #[call(fallback = missing)]
    async fn price(&self, sku: String) -> u64;
    #[call(fallback = without_quantity)]
    async fn line(&self, sku: String, quantity: u64) -> u64;
    #[call(fallback = result)]
    async fn total(&self, order: u64) -> Result<u64, QuoteError>;
}

fn without_quantity(sku: &str) -> u64 {
    sku.len() as u64
}

fn result(order: &u64) -> Result<u64, QuoteError> {
    Ok(*order)
}

fn main() {}
