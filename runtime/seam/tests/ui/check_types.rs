#[seam::message]
struct Line {
    #[check(range = 1..=64)]
    sku: String,
    #[check(len = 1..=64)]
    quantity: u64,
    #[check(range = 1..=300)]
    share: u8,
}

#[seam::contract(name = "shop", version = "1.0")]
trait Shop {
    async fn order(&self, #[check(len = 1..)] id: u64) -> u64;
}

fn main() {}
