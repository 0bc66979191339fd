use std::collections::BTreeMap;

#[seam::event(topic = "order.paid", key = order_id)]
struct NoKey {
    order_id: Option<u64>,
}

#[seam::event(topic = "order.paid", key = order_id)]
struct NoJson {
    order_id: u64,
    totals: BTreeMap<(u8, u8), u64>,
}

fn main() {}
