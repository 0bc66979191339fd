type Result<T> = std::result::Result<T, String>;

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> Result<u64>;
}

fn main() {}
