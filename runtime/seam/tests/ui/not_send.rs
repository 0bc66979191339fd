use std::rc::Rc;

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> u64;
    async fn other(&self) -> u64;
}

struct PaymentService;

impl Payment for PaymentService {
    async fn charge(&mut self, amount: u64) -> u64 {
        let amount = Rc::new(amount);
        self.other().await + *amount
    }

    async fn other(&self) -> u64 {
        0
    }
}

fn main() {}
