//! A `?` whose error has no variant for what it takes says which attribute is missing.

use seam::prelude::*;

#[seam::error]
enum BankError {
    Broke,
}

#[seam::contract(name = "bank", version = "1.0")]
trait Bank {
    async fn pay(&self) -> Result<u64, BankError>;
}

#[seam::error]
enum PayError {
    Declined,
}

async fn call(bank: BankClient) -> Result<u64, PayError> {
    Ok(bank.pay().await?)
}

async fn read(table: Table<u64, u64>) -> Result<u64, PayError> {
    Ok(table.get(&1).await?.unwrap_or_default())
}

async fn write(store: Store) -> Result<u64, PayError> {
    Ok(store.transaction(|_| Ok::<_, StoreError>(1)).await?)
}

fn main() {}
