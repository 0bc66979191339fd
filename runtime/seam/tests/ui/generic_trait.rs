#[seam::contract(name = "payment", version = "1.0")]
trait Payment<T> {
    async fn charge(&mut self, amount: T) -> u64;
}

#[seam::contract(name = "payment", version = "1.0")]
trait Refund<'a> {
    async fn pay(&mut self, amount: u64) -> u64;
}

fn main() {}
