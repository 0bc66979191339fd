//! What others may ask of the service, and what they may observe.

use seam::StoreFailure;
use seam::edge::SignIn;

/// The id of a user: counted from 1, and never given twice.
pub type UserId = u64;

/// Who the shop's users are.
#[seam::contract(name = "user", version = "1.0", events(UserCreated))]
pub trait User {
    /// Signs a user up. No two users have the same e-mail address. Who gives a password, of 8 to 128
    /// characters, can sign in with it.
    #[call(
        complete,
        public,
        http = "POST /api/user",
        status = 201,
        location = "/api/user/{id}",
        allow = "anyone"
    )]
    async fn create(
        &self,
        name: String,
        email: String,
        password: Option<String>,
    ) -> Result<Account, UserError>;

    /// One user.
    #[call(http = "GET /api/user/{id}", public, allow = "self:id or role:support")]
    async fn get(&self, id: UserId) -> Result<Account, UserError>;

    /// Signs somebody in, by e-mail address and password.
    #[call(http = "POST /api/session", status = 201, public, allow = "anyone", session = "start")]
    async fn sign_in(&self, email: String, password: String) -> Result<SignIn, UserError>;

    /// Signs whoever asks out, at every gateway.
    #[call(http = "DELETE /api/session", status = 204, public, allow = "anyone", session = "end")]
    async fn sign_out(&self);
}

/// Somebody has signed up.
#[seam::event(topic = "user.created", version = 1, key = user_id)]
pub struct UserCreated {
    /// The user's id.
    pub user_id: UserId,
    /// What the user wants to be called.
    pub name: String,
    /// Where mail goes.
    #[message(secret)]
    pub email: String,
}

/// A user of the shop.
#[seam::message]
pub struct Account {
    /// The user's id.
    pub id: UserId,
    /// What the user wants to be called: 1 to 200 characters.
    pub name: String,
    /// Where mail goes, as it was given, without space around it.
    #[message(secret)]
    pub email: String,
}

/// Why there is no such user.
#[seam::error]
pub enum UserError {
    /// a name has 1 to 200 characters, none of them a control character
    #[error(status = 400)]
    InvalidName,
    /// this is no e-mail address: write it like ada@example.com
    #[error(status = 400)]
    InvalidEmail,
    /// a password has 8 to 128 characters
    #[error(status = 400)]
    InvalidPassword,
    /// nobody has this e-mail address and this password
    #[error(status = 401)]
    WrongPassword,
    /// the password can't be looked at now
    #[error(status = 503)]
    PasswordUnavailable,
    /// somebody has signed up with this e-mail address
    #[error(status = 409)]
    EmailTaken,
    /// there is no user of this id
    #[error(status = 404)]
    UserNotFound,
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
}
