struct Receipt(u64);

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn receipt(&self, order: u64) -> Receipt;
}

fn main() {}
