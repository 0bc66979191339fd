//! What others may ask of the service.

use seam::prelude::*;

use crate::Invalid;

/// The id of a user: counted from 1, and never given twice.
pub type UserId = u64;
/// The header `Authorization`, if there is one.
pub type Token = Option<String>;
/// Who looks where nobody says so. No user has this id.
pub const NOBODY: UserId = 0;

/// Who the users are.
#[seam::contract(name = "users", version = "1.0")]
pub trait Users {
    /// Registers somebody. No two users share a name or an address.
    #[call(http = "POST /api/users", status = 201)]
    async fn register(&self, user: Registration) -> Result<UserBody, UserError>;

    /// Logs somebody in.
    #[call(http = "POST /api/users/login")]
    async fn login(&self, user: Credentials) -> Result<UserBody, UserError>;

    /// Who has this token.
    #[call(http = "GET /api/user", header(token = "Authorization"))]
    async fn current(&self, token: Token) -> Result<UserBody, UserError>;

    /// Changes what is said, and leaves the rest.
    #[call(http = "PUT /api/user", header(token = "Authorization"))]
    async fn update(&self, token: Token, user: Change) -> Result<UserBody, UserError>;

    /// Whom a request comes from that must say so.
    async fn identify(&self, token: Token) -> Result<UserId, UserError>;

    /// Whom a request comes from, or [`NOBODY`].
    async fn viewer(&self, token: Token) -> Result<UserId, UserError>;

    /// Who has this name.
    async fn find(&self, username: String) -> Result<Person, UserError>;

    /// Who these are, in their order.
    async fn people(&self, ids: Vec<UserId>) -> Result<Vec<Person>, UserError>;
}

/// Somebody new.
#[seam::message]
#[derive(Default)]
#[serde(default)]
pub struct Registration {
    pub username: String,
    pub email: String,
    pub password: String,
}

/// What logs somebody in.
#[seam::message]
#[derive(Default)]
#[serde(default)]
pub struct Credentials {
    pub email: String,
    pub password: String,
}

/// What is to be another than it was.
#[seam::message]
pub struct Change {
    pub username: Option<String>,
    pub email: Option<String>,
    pub password: Option<String>,
    pub bio: Patch<String>,
    pub image: Patch<String>,
}

/// A user, for nobody else's eyes.
#[seam::message]
pub struct User {
    pub email: String,
    pub token: String,
    pub username: String,
    pub bio: Option<String>,
    pub image: Option<String>,
}

/// A user's answer.
#[seam::message]
pub struct UserBody {
    pub user: User,
}

/// What everybody may know of a user.
#[seam::message]
pub struct Person {
    pub id: UserId,
    pub username: String,
    pub bio: Option<String>,
    pub image: Option<String>,
}

/// Why there is no such user.
#[seam::error]
pub enum UserError {
    /// this needs a valid token: `Authorization: Token …`
    #[error(status = 401)]
    Unauthorized,
    /// no user has this address and this password
    #[error(status = 401)]
    WrongCredentials,
    /// there is no such user
    #[error(status = 404)]
    UserNotFound,
    /// the password can't be hashed
    #[error(status = 500)]
    NotHashed,
    /// a field isn't right
    #[error(from)]
    Invalid(Invalid),
    /// the store failed
    #[error(store)]
    Store(StoreFailure),
}
