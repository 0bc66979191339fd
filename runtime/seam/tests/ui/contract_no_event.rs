#[seam::message]
struct Receipt {
    order_id: u64,
}

#[seam::contract(name = "bill", version = "1.0", events(Receipt))]
trait Bill {
    async fn count(&self) -> u64;
}

fn main() {}
