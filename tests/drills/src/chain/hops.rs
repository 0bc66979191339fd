//! Four services in a row: each passes a call on to the next, and the last one answers.

use seam::prelude::*;

/// What went wrong further on.
#[seam::error]
pub(crate) enum HopError {
    /// The next one failed.
    #[error(inner)]
    Further(InnerError),
}

/// The first of the row.
#[seam::contract(name = "first", version = "1.0")]
pub(crate) trait First {
    /// Passes the number on.
    #[call(idempotent)]
    async fn pass(&self, number: u64) -> Result<u64, HopError>;
}

/// The second of the row.
#[seam::contract(name = "second", version = "1.0")]
pub(crate) trait Second {
    /// Passes the number on.
    #[call(idempotent)]
    async fn pass(&self, number: u64) -> Result<u64, HopError>;
}

/// The third of the row.
#[seam::contract(name = "third", version = "1.0")]
pub(crate) trait Third {
    /// Passes the number on.
    #[call(idempotent)]
    async fn pass(&self, number: u64) -> Result<u64, HopError>;
}

/// The last of the row.
#[seam::contract(name = "fourth", version = "1.0")]
pub(crate) trait Fourth {
    /// Answers the number.
    #[call(idempotent)]
    async fn pass(&self, number: u64) -> Result<u64, HopError>;
}

macro_rules! hop {
    ($service:ident, $trait:ident, $contract:ident, $next:ident) => {
        #[derive(Debug)]
        pub(crate) struct $service {
            next: $next,
        }

        impl Actor for $service {
            type Contract = $contract;
            type Config = ();
            type Needs = ($next,);

            async fn start(setup: &mut Setup<Self>) -> Result<Self, StartError> {
                Ok(Self { next: setup.client()? })
            }
        }

        impl $trait for $service {
            async fn pass(&self, number: u64) -> Result<u64, HopError> {
                Ok(self.next.pass(number).await?)
            }
        }
    };
}

hop!(FirstService, First, FirstContract, SecondClient);
hop!(SecondService, Second, SecondContract, ThirdClient);
hop!(ThirdService, Third, ThirdContract, FourthClient);

#[derive(Debug)]
pub(crate) struct FourthService;

impl Actor for FourthService {
    type Contract = FourthContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Fourth for FourthService {
    async fn pass(&self, number: u64) -> Result<u64, HopError> {
        Ok(number)
    }
}
