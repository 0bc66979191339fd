#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: impl Into<u64>) -> Box<dyn std::fmt::Debug>;
    async fn refund(&mut self, other: Self) -> u64;
}

fn main() {}
