#[seam::contract(name = "gallery", version = "1.0")]
trait Gallery {
    #[call(accept = "image/png")]
    async fn unrouted(&self, picture: seam::Blob) -> u64;
    #[call(http = "GET /api/picture/{id}", accept = "image/png")]
    async fn bodiless(&self, id: u64) -> u64;
    #[call(http = "POST /api/picture/{id}", accept = "image/png")]
    async fn none_left(&self, id: u64) -> u64;
    #[call(http = "POST /api/picture", accept = "image/png")]
    async fn several(&self, id: u64, picture: seam::Blob) -> u64;
    #[call(http = "POST /api/any", accept = "image/*")]
    async fn many(&self, picture: seam::Blob) -> u64;
    #[call(http = "POST /api/none", accept = "png")]
    async fn no_type(&self, picture: seam::Blob) -> u64;
    #[call(http = "POST /api/parameter", accept = "text/plain; charset=utf-8")]
    async fn parameter(&self, picture: seam::Blob) -> u64;
    #[call(http = "POST /api/twice", accept = "image/png, Image/PNG")]
    async fn twice(&self, picture: seam::Blob) -> u64;
    #[call(http = "POST /api/empty", accept = "")]
    async fn empty(&self, picture: seam::Blob) -> u64;
    #[call(http = "POST /api/near", acept = "image/png")]
    async fn near(&self, picture: seam::Blob) -> u64;
}

fn main() {}
