use seam::prelude::*;

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> u64;
}

struct PaymentService;

impl Actor for PaymentService {
    type Contract = PaymentContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

fn main() {}
