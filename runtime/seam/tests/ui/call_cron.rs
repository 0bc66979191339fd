#[seam::contract(name = "order", version = "1.0")]
trait Order {
    #[call(cron = "0 0 31 2 *")]
    async fn impossible(&mut self);
    #[call(cron = "0 0 31 4,6 *")]
    async fn impossible_too(&mut self);
    #[call(cron = "0 3 * *")]
    async fn four_fields(&mut self);
    #[call(cron = "60 3 * * *")]
    async fn no_minute(&mut self);
    #[call(cron = "0 3 * * MON")]
    async fn in_letters(&mut self);
    #[call(cron = "0 0 29 2 *")]
    async fn leap_days(&mut self);
}

fn main() {}
