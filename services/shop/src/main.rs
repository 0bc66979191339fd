//! The shop's command line: `shop --help` teaches it.

use std::process::ExitCode;

fn main() -> ExitCode {
    shop::app().main()
}
