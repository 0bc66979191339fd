//! The service's command line: `loyalty run` plugs it into the shop that runs on the same data folder.

use std::process::ExitCode;

use loyalty::LoyaltyService;
use seam::App;

fn main() -> ExitCode {
    App::new("shop").service::<LoyaltyService>().main()
}
