//! The loyalty service as its suite starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    seam::App::new("shop").service::<loyalty::LoyaltyService>().main()
}
