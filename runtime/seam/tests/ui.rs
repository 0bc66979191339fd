//! The macros' messages are a user interface: each mistake is shown on the user's own token, with
//! its fix. `TRYBUILD=overwrite cargo test -p seam --test ui` renews the expected texts; read them.

/// The compiler whose wording the expected texts have.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn mistakes_are_told_with_their_fix() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output().unwrap().stdout;
    let version = String::from_utf8(version).unwrap();
    if !version.starts_with(COMPILER) {
        // Another compiler words its own part of a message differently, which is no mistake here.
        eprintln!(
            "not compared: the expected texts are those of {COMPILER}x, and this is {version}"
        );
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
