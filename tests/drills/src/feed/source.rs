//! Publishes numbers.

use seam::StoreFailure;
use seam::prelude::*;

/// A number. Each is a key of its own, so that none waits behind another.
#[seam::event(topic = "source.told", key = number)]
pub(crate) struct Told {
    pub(crate) number: u64,
    /// Whether nobody can handle it.
    pub(crate) poison: bool,
}

/// Publishes numbers.
#[seam::contract(name = "source", version = "1.0", events(Told))]
pub(crate) trait Source {
    /// Publishes so many numbers from that one on, with a row each, in one transaction. Every so many
    /// is poison; 0: none is.
    #[call(deadline = "20s")]
    async fn tell(&self, first: u64, count: u64, poison: u64) -> Result<(), SourceError>;

    /// The same without rows: what stays is in the log alone.
    #[call(deadline = "20s")]
    async fn hint(&self, first: u64, count: u64) -> Result<(), SourceError>;

    /// The numbers that have a row.
    #[call(deadline = "30s")]
    async fn told(&self) -> Result<Vec<u64>, SourceError>;
}

#[seam::error]
pub(crate) enum SourceError {
    #[error(store)]
    Store(StoreFailure),
}

#[derive(Debug)]
pub(crate) struct SourceService {
    numbers: Table<u64, bool>,
    told: Topic<Told>,
}

impl Actor for SourceService {
    type Contract = SourceContract;
    type Config = ();
    type Needs = ();

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { numbers: setup.table("numbers")?, told: setup.topic()? })
    }
}

impl Source for SourceService {
    async fn tell(&self, first: u64, count: u64, poison: u64) -> Result<(), SourceError> {
        let (numbers, told) = (self.numbers.clone(), self.told.clone());
        let tell = self.numbers.store().transaction(move |tx| {
            for number in first..first + count {
                let poison = poison > 0 && number.is_multiple_of(poison);
                tx.insert(&numbers, &number, &poison)?;
                tx.publish(&told, &Told { number, poison })?;
            }
            Ok::<_, StoreError>(())
        });
        Ok(tell.await?)
    }

    async fn hint(&self, first: u64, count: u64) -> Result<(), SourceError> {
        let told = self.told.clone();
        let hint = self.numbers.store().transaction(move |tx| {
            (first..first + count)
                .try_for_each(|number| tx.publish(&told, &Told { number, poison: false }))
        });
        Ok(hint.await?)
    }

    async fn told(&self) -> Result<Vec<u64>, SourceError> {
        Ok(self.numbers.scan(Keys::all()).await?.into_iter().map(|(number, _)| number).collect())
    }
}
