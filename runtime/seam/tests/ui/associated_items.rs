#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    const LIMIT: u64;
    type Receipt;
    async fn charge(&mut self, amount: u64) -> u64;
}

fn main() {}
