#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, (order, amount): (u64, u64)) -> u64;
    async fn refund(&mut self, mut amount: u64) -> u64;
}

fn main() {}
