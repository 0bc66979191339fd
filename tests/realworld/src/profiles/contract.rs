//! What others may ask of the service.

use seam::prelude::*;

use crate::users::{Change, Token, UserError, UserId};

/// Users as others see them.
#[seam::contract(name = "profiles", version = "1.0")]
pub trait Profiles {
    /// Somebody's profile.
    #[call(http = "GET /api/profiles/{username}", header(token = "Authorization"))]
    async fn get(&self, token: Token, username: String) -> Result<ProfileBody, ProfileError>;

    /// Follows somebody. Clients may say who follows, which counts for nothing: the token does.
    #[call(http = "POST /api/profiles/{username}/follow", header(token = "Authorization"))]
    async fn follow(
        &self,
        token: Token,
        username: String,
        user: Option<Change>,
    ) -> Result<ProfileBody, ProfileError>;

    /// Follows somebody no longer.
    #[call(http = "DELETE /api/profiles/{username}/follow", header(token = "Authorization"))]
    async fn unfollow(&self, token: Token, username: String) -> Result<ProfileBody, ProfileError>;

    /// How this viewer sees these users, in their order.
    async fn seen_by(
        &self,
        viewer: UserId,
        users: Vec<UserId>,
    ) -> Result<Vec<Profile>, ProfileError>;

    /// Whom a user follows.
    async fn followed_by(&self, user: UserId) -> Result<Vec<UserId>, ProfileError>;
}

/// A user as somebody sees them.
#[seam::message]
pub struct Profile {
    pub username: String,
    pub bio: Option<String>,
    pub image: Option<String>,
    /// Whether who looks follows this user.
    pub following: bool,
}

/// A profile's answer.
#[seam::message]
pub struct ProfileBody {
    pub profile: Profile,
}

/// Why there is no such profile.
#[seam::error]
pub enum ProfileError {
    /// an error of `users`
    #[error(from)]
    User(UserError),
    /// the store failed
    #[error(store)]
    Store(StoreFailure),
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
