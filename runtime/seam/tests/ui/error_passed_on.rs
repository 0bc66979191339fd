use seam::prelude::*;

#[seam::error]
enum BankError {
    Broke,
}

#[seam::error]
enum PayError {
    #[error(from, status = 404)]
    Bank(BankError),
    #[error(from)]
    Again(BankError),
    #[error(from)]
    Named { error: BankError },
    #[error(store)]
    Store(StoreError),
    #[error(store)]
    NoStore,
    #[error(store, inner)]
    Both(StoreFailure),
}

fn main() {}
