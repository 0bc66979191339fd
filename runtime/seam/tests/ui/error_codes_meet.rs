//! Two errors of one code couldn't be told apart outside.

#[seam::error]
enum BankError {
    Broke,
    Closed,
}

#[seam::error]
enum ShopError {
    Closed,
}

#[seam::error]
enum PayError {
    Broke,
    #[error(from)]
    Bank(BankError),
    #[error(from)]
    Shop(ShopError),
}

fn main() {}
