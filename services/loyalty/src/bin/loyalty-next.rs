//! The second major's command line: `loyalty-next run` plugs it into the shop beside the first.

use std::process::ExitCode;

use loyalty::next::LoyaltyService;
use seam::App;

fn main() -> ExitCode {
    App::new("shop").service::<LoyaltyService>().main()
}
