use seam::prelude::*;

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> u64;
}

#[seam::contract(name = "order", version = "1.0")]
trait Order {
    async fn place(&mut self) -> u64;
}

struct OrderService {
    payments: PaymentClient,
}

impl Actor for OrderService {
    type Contract = OrderContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { payments: setup.client()? })
    }
}

impl Order for OrderService {
    async fn place(&mut self) -> u64 {
        self.payments.charge(1).await.unwrap_or(0)
    }
}

fn main() {}
