#[seam::contract(name = "quote", version = "1.0")]
trait Quote {
    #[call(fallback = "full_price")]
    async fn price(&self, sku: String) -> u64;
    #[call(route_by = "ordr")]
    async fn total(&self, order: u64) -> u64;
    #[call(route_by = "order")]
    async fn latest(&self) -> u64;
    #[call(route_by = "lines")]
    async fn sum(&self, lines: std::collections::HashMap<String, u64>) -> u64;
}

fn main() {}
