//! A unit of the medley, as a process that a suite can talk to and kill.

use std::process::ExitCode;

fn main() -> ExitCode {
    seam_tests::medley::app().main()
}
