//! Who asks, and whether a browser is lured into asking.

mod host;
mod login;
mod origin;
mod seal;
mod session;
mod token_file;
mod tokens;
mod who;

pub(crate) use self::{
    host::is_ours,
    login::Logins,
    origin::is_same,
    session::{COOKIE, cookie, session},
    tokens::Tokens,
};
pub use self::{
    login::LoginLink,
    token_file::{OperatorToken, TokenError},
    who::{Role, Who},
};
