#[seam::event(topic = "order.paid", key = order_id)]
struct OrderPaid {
    order_id: u64,
}

#[seam::event(topic = "order.paid", key = order_id)]
struct OrderPaidAgain {
    order_id: u64,
}

#[seam::event(topic = "order.paid", version = 2, key = order_id)]
struct OrderPaidAnew {
    order_id: u64,
}

#[seam::contract(name = "order", version = "1.0", events(OrderPaid, OrderPaidAnew, OrderPaidAgain))]
trait Order {
    async fn count(&self) -> u64;
}

fn main() {}
