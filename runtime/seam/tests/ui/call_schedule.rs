#[seam::contract(name = "order", version = "1.0")]
trait Order {
    #[call(every = "1 hour")]
    async fn in_words(&mut self);
    #[call(every = "250ms")]
    async fn too_often(&mut self);
    #[call(every = "0s")]
    async fn never(&mut self);
    #[call(every = "1h", cron = "0 3 * * *")]
    async fn both(&mut self);
    #[call(every = "1h")]
    async fn asks(&mut self, limit: u64);
    #[call(cron = "0 3 * * *")]
    async fn answers(&self) -> u64;
    #[call(cron = "0 3 * * *", fallback = nothing)]
    async fn falls_back(&self);
    #[call(deadline = "1d")]
    async fn in_days(&self);
}

fn main() {}
