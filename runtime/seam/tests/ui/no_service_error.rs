#[seam::message]
enum PaymentError {
    Declined,
}

#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, amount: u64) -> Result<u64, PaymentError>;
}

fn main() {}
