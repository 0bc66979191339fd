//! Who makes a request: every credential, right and wrong, on every way in.

mod forms;
mod issuer;
mod keys;
mod sessions;
pub(crate) mod support;
mod tokens;
