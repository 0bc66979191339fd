//! The shop's binary, where its suite finds it.

use std::process::ExitCode;

fn main() -> ExitCode {
    shop::app().main()
}
