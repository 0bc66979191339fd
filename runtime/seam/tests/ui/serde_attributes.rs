#[seam::message]
#[serde(untagged)]
enum Amount {
    Cents(u64),
    Text(String),
}

#[seam::message]
struct Receipt {
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[serde(flatten)]
    amount: Amount,
    #[serde(with = "elsewhere")]
    time: u64,
}

fn main() {}
