#[seam::message]
struct Line {
    #[check(lenn = 1..=64)]
    sku: String,
    #[check(range = 5)]
    quantity: u64,
    #[check(range = 1..100)]
    price: u64,
    #[check(len = ..)]
    name: String,
    #[check(range = 5..=1)]
    share: u8,
}

#[seam::contract(name = "shop", version = "1.0")]
trait Shop {
    async fn order(&self, #[check(len = 1.., len = 2..)] name: String) -> u64;
    async fn cancel(&self, #[deprecated] id: u64) -> u64;
}

fn main() {}
