#[seam::contract(name = "payment", version = "1.0")]
trait Payment {
    async fn charge(&mut self, name: &str, amounts: &[u64]) -> u64;
    async fn find(&self, name: Option<&'static str>) -> &str;
}

fn main() {}
