//! The command line: `realworld --help` teaches it.

use std::process::ExitCode;

fn main() -> ExitCode {
    seam_realworld::app().main()
}
