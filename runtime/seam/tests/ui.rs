//! The macros' messages are a user interface: each mistake is shown on the user's own token, with
//! its fix. `TRYBUILD=overwrite cargo test -p seam --test ui` renews the expected texts; read them.

#[test]
fn mistakes_are_told_with_their_fix() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
