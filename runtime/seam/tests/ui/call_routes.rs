#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    #[call(http = "post /api/payment")]
    async fn charge(&mut self, amount: u64) -> u64;
    #[call(http = "GET api/payment")]
    async fn list(&self) -> u64;
    #[call(http = "GET /api/payment/{ordr}")]
    async fn find(&self, order: u64) -> u64;
    #[call(http = "POST /api/refund", header(kye = "Idempotency-Key"))]
    async fn refund(&mut self, key: String) -> u64;
    #[call(http = "GET /errors/{code}")]
    async fn explain(&self, code: String) -> String;
}

fn main() {}
