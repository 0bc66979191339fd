#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> u64;
    async fn charge(&mut self, amount: u64, currency: String) -> u64;
    async fn clone(&self) -> u64;
}

fn main() {}
