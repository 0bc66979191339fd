#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge<T>(&mut self, amount: T) -> u64;
}

fn main() {}
