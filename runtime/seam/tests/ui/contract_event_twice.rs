#[seam::event(topic = "order.paid", key = order_id)]
struct OrderPaid {
    order_id: u64,
}

#[seam::contract(name = "order", version = "1.0", events(OrderPaid, OrderPaid))]
trait Order {
    async fn count(&self) -> u64;
}

#[seam::contract(name = "order", version = "1.0", event(OrderPaid))]
trait Other {
    async fn count(&self) -> u64;
}

fn main() {}
