//! What may be asked of the service.

use seam::StoreFailure;
use seam::outcome::InnerError;
use user::{UserError, UserId};

/// Points for faithful users.
#[seam::contract(name = "loyalty", version = "1.0")]
pub trait Loyalty {
    /// Gives a user points, and says how many there are now.
    #[call(http = "POST /api/points/{user_id}", status = 201, public, deadline = "2s")]
    async fn give(&mut self, user_id: UserId, points: u64) -> Result<Balance, LoyaltyError>;

    /// How many points a user has.
    #[call(http = "GET /api/points/{user_id}", public)]
    async fn balance(&self, user_id: UserId) -> Result<Balance, LoyaltyError>;
}

/// A user's points.
#[seam::message]
pub struct Balance {
    /// The user.
    pub user_id: UserId,
    /// How many they have.
    pub points: u64,
}

/// Why there are no points.
#[seam::error]
pub enum LoyaltyError {
    /// nobody gets so many points at once
    #[error(status = 400, text = "no more than {most} points at once")]
    TooMany {
        /// How many one may get.
        most: u64,
    },
    /// who gets the points isn't known
    #[error(from)]
    User(UserError),
    /// the service's store failed
    #[error(store)]
    Store(StoreFailure),
    /// a call that the service made failed
    #[error(inner)]
    Inner(InnerError),
}
