use std::sync::Arc;

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(self, amount: u64) -> u64;
    async fn refund(self: Arc<Self>, amount: u64) -> u64;
}

fn main() {}
