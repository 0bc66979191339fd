#[seam::config]
enum PaymentConfig {
    Small,
}

#[seam::message(transparent)]
struct Amount {
    #[message(foregn)]
    cents: u64,
}

#[seam::message]
#[serde(rename_all = "camel")]
struct Receipt {
    #[serde(rename(serialize = "a", deserialize = "b"))]
    amount: u64,
}

#[seam::message]
enum Nothing {}

fn main() {}
