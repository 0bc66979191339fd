#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> u64 {
        amount
    }
}

fn main() {}
