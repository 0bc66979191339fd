#[seam::event(topic = "order.paid", key = order_id)]
struct OrderPaid {
    order_id: u64,
}

#[seam::error]
enum MailError {
    Down,
}

#[seam::contract(name = "mail", version = "1.0")]
trait Mail {
    #[call(on)]
    async fn no_event(&mut self) -> Result<(), MailError>;
    #[call(on)]
    async fn two(&mut self, event: OrderPaid, sender: String) -> Result<(), MailError>;
    #[call(on)]
    async fn answers(&mut self, event: OrderPaid) -> Result<u64, MailError>;
    #[call(on, public)]
    async fn is_public(&mut self, event: OrderPaid);
    #[call(on)]
    #[call(http = "POST /api/mail", status = 201)]
    async fn has_a_route(&mut self, event: OrderPaid);
    #[call(on, accept = "image/png")]
    async fn accepts(&mut self, event: OrderPaid);
    #[call(on, fallback = nothing)]
    async fn falls_back(&mut self, event: OrderPaid);
    #[call(on, route_by = "event")]
    async fn routed(&mut self, event: OrderPaid);
    #[call(on = "order.paid")]
    async fn with_a_topic(&mut self, event: OrderPaid);
    #[call(on, every = "1h")]
    async fn both(&mut self, event: OrderPaid);
}

fn main() {}
