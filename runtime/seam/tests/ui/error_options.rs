#[seam::error]
enum PaymentError {
    #[error(status = 200)]
    Declined,
    #[error(code = "NoReceipt")]
    NoReceipt,
    #[error(text = "no order {ordr}")]
    NoOrder { order: u64 },
    #[error(statsu = 404)]
    Gone,
    #[error(inner)]
    Passed,
}

#[seam::error]
struct OrderError;

fn main() {}
