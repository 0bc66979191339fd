//! The loyalty service's second major as its suite starts it.

use std::process::ExitCode;

fn main() -> ExitCode {
    seam::App::new("shop").service::<loyalty::next::LoyaltyService>().main()
}
