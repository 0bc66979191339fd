#[seam::contract(name = "payment", version = "1.0")]
trait Payment {}

fn main() {}
