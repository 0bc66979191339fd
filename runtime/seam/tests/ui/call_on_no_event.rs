#[seam::message]
struct Receipt {
    order_id: u64,
}

#[seam::contract(name = "mail", version = "1.0")]
trait Mail {
    #[call(on)]
    async fn paid(&mut self, event: Receipt);
}

fn main() {}
