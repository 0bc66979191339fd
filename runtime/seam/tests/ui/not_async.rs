#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    fn charge(&mut self, amount: u64) -> u64;
}

fn main() {}
