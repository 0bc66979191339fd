struct Cents(u64);

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: Cents) -> u64;
}

fn main() {}
