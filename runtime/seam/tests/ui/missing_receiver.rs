#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(amount: u64) -> u64;
}

fn main() {}
