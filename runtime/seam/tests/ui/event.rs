#[seam::event(topic = "Order.Paid", key = order_id)]
struct Capital {
    order_id: u64,
}

#[seam::event(topic = "order..paid", version = 0, key = order_id)]
struct Dots {
    order_id: u64,
}

#[seam::event(topic = "order..paid", key = order_id)]
struct TwoDots {
    order_id: u64,
}

#[seam::event]
struct OrderPaid {
    order_id: u64,
}

#[seam::event(topic = "order.paid", key = order)]
struct Near {
    order_id: u64,
}

#[seam::event(topic = "order.paid", key = order_id, subject = "order")]
struct Unknown {
    order_id: u64,
}

#[seam::event(topic = "order.paid", key = order_id)]
struct Tuple(u64);

#[seam::event(topic = "order.paid", key = order_id)]
enum Several {
    OrderPaid { order_id: u64 },
}

#[seam::event(topic = "order.paid", key = order_id)]
struct Generic<T> {
    order_id: T,
}

#[seam::event(topic = "order.paid", key = order_id)]
#[serde(deny_unknown_fields)]
struct Denying {
    order_id: u64,
}

#[seam::event(topic = "order.paid", key = order_id)]
struct Foreign {
    #[message(foreign)]
    order_id: std::net::Ipv4Addr,
}

fn main() {}
