#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    #[call(idempotant)]
    async fn charge(&mut self, amount: u64) -> u64;
    #[call(deadline = "2 seconds")]
    async fn refund(&mut self, amount: u64) -> u64;
    #[call(complete)]
    async fn settle(&mut self);
    #[call(status = 201)]
    async fn receipt(&self) -> u64;
}

fn main() {}
