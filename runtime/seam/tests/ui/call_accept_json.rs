#[seam::contract(name = "gallery", version = "1.0")]
trait Gallery {
    #[call(http = "POST /api/name", accept = "image/png")]
    async fn name(&self, name: String) -> u64;
    #[call(http = "POST /api/pictures", accept = "image/png")]
    async fn pictures(&self, pictures: Vec<seam::Blob>) -> u64;
    #[call(http = "POST /api/picture", accept = "image/png")]
    async fn right(&self, picture: seam::Blob) -> u64;
}

fn main() {}
