#[seam::contract(name = "pay.ment", version = "1")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> u64;
}

#[seam::contract(nam = "refund", version = "1.0")]
trait Refund {
    async fn pay(&mut self, amount: u64) -> u64;
}

#[seam::contract]
trait PriceList {
    async fn price(&self, sku: String) -> u64;
}

fn main() {}
