//! A service whose capacity is set by a nap, and one that asks it.

use std::time::Duration;

use seam::prelude::*;

/// How long an exclusive nap takes.
const NAP: Duration = Duration::from_millis(5);

/// Naps.
#[seam::contract(name = "napper", version = "1.0")]
pub(crate) trait Napper {
    /// Naps, one after the other.
    #[call(deadline = "500ms")]
    async fn nap(&mut self) -> u64;
    /// Never answers.
    async fn hang(&self) -> u64;
}

/// Asks the one that naps.
#[seam::contract(name = "asker", version = "1.0")]
pub(crate) trait Asker {
    /// Answers without asking anybody.
    async fn quick(&self, number: u64) -> u64;
    /// Asks one that never answers.
    async fn ask(&self) -> Result<u64, AskError>;
}

/// What went wrong with who was asked.
#[seam::error]
pub(crate) enum AskError {
    /// It didn't answer.
    #[error(inner)]
    Further(InnerError),
}

#[derive(Debug)]
pub(crate) struct NapperService {
    naps: u64,
}

impl Actor for NapperService {
    type Contract = NapperContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { naps: 0 })
    }
}

impl Napper for NapperService {
    async fn nap(&mut self) -> u64 {
        tokio::time::sleep(NAP).await;
        self.naps += 1;
        self.naps
    }

    async fn hang(&self) -> u64 {
        std::future::pending().await
    }
}

#[derive(Debug)]
pub(crate) struct AskerService {
    napper: NapperClient,
}

impl Actor for AskerService {
    type Contract = AskerContract;
    type Config = ();
    type Needs = (NapperClient,);

    async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self { napper: setup.client()? })
    }
}

impl Asker for AskerService {
    async fn quick(&self, number: u64) -> u64 {
        number
    }

    async fn ask(&self) -> Result<u64, AskError> {
        Ok(self.napper.hang().await?)
    }
}
