use seam::event::PublishedBy;
use seam::prelude::*;

#[seam::event(topic = "order.paid", key = order_id)]
struct OrderPaid {
    order_id: u64,
}

#[seam::event(topic = "order.created", key = order_id)]
struct OrderCreated {
    order_id: u64,
}

#[seam::contract(name = "order", version = "1.0", events(OrderCreated))]
trait Order {
    async fn count(&self) -> u64;
}

fn publish<A: Actor, E: PublishedBy<A::Contract>>(_: &A, _: &E) {}

fn pay(order: &impl Actor<Contract = OrderContract>) {
    publish(order, &OrderCreated { order_id: 1 });
    publish(order, &OrderPaid { order_id: 1 });
}

fn main() {}
