//! A service that wants a route which the shop has.

use std::process::ExitCode;

use seam::prelude::*;

/// Finds users as well.
#[seam::contract(name = "copycat", version = "1.0")]
trait Copycat {
    /// Whoever it is.
    #[call(http = "GET /api/user/{number}", public)]
    async fn find(&self, number: u64) -> u64;
}

struct Cat;

impl Actor for Cat {
    type Contract = CopycatContract;
    type Config = ();
    type Needs = ();

    async fn start(_: &mut Setup<Self>) -> Result<Self, StartError> {
        Ok(Self)
    }
}

impl Copycat for Cat {
    async fn find(&self, number: u64) -> u64 {
        number
    }
}

fn main() -> ExitCode {
    seam::App::new("shop").service::<Cat>().main()
}
